"""What the home's `sources.yaml` may say: places, and what is fetched from them for which source.

Belongs here: the model and its loading. Does not belong here: reading a secret (`credentials`), reaching a place.

No secret stands in the file: only the name of an environment variable, or of a file that nobody else may read.
"""

import re
from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pipelines.declarations import read_declared, validated
from pipelines.errors import DeclarationError
from pipelines.storage import Home

FILE = "sources.yaml"
PARAMETERS = ("month_start", "month_end", "batch")
"""What a query may ask for; each is bound, never written into the text."""
IN_PATTERN = ("batch", "year", "month")
"""What a file pattern may hold."""

_WORD = re.compile(r"\{([A-Za-z_]+)\}")
_KEY = r"^[a-z][a-z0-9_]*$"
_NAME = r"^[A-Za-z_][A-Za-z0-9_$]*$"
_HOST = r"^[A-Za-z0-9._:-]+$"


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(_Declared):
    """Where a secret is: an environment variable, or a file (relative to the home folder) that only its owner may read."""

    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    file: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _not_in_the_clear(cls, value: Any) -> Any:
        if not isinstance(value, dict | Secret):
            raise ValueError("口令和密钥不能写在这里，写成 {env: 环境变量名} 或 {file: 文件}")  # noqa: TRY004  pydantic's own
        return value

    @model_validator(mode="after")
    def _one(self) -> "Secret":
        if bool(self.env) == bool(self.file):
            raise ValueError("env 和 file 要写一个，只写一个")
        return self


class _Place(_Declared):
    title: str = ""
    """What officers call it."""


class Sftp(_Place):
    """An SFTP server. Its host key must stand in `known_hosts`: an unknown server is never trusted."""

    kind: Literal["sftp"]
    host: Annotated[str, Field(pattern=_HOST)]
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    user: str
    known_hosts: str
    """A file in OpenSSH's notation, relative to the home folder."""
    key: Secret | None = None
    """A private key in OpenSSH's notation."""
    password: Secret | None = None
    """The user's password; with `key`, the key's pass phrase."""

    @model_validator(mode="after")
    def _login(self) -> "Sftp":
        if not self.key and not self.password:
            raise ValueError("要写 key（私钥）或 password（口令）")
        if self.key and not self.key.file:
            raise ValueError("私钥只能是文件，写成 key: {file: 文件}")
        return self


class _Database(_Place):
    host: Annotated[str, Field(pattern=_HOST)]
    database: str
    user: str
    password: Secret
    tls: Literal["verify-full", "require", "none"] = "verify-full"
    """`require` encrypts without checking who answers; `none` only where the line itself is protected."""
    ca: str | None = None
    """The certificate authority's file, relative to the home folder; the system's ones by default."""


class Postgresql(_Database):
    """PostgreSQL, or what speaks its protocol."""

    kind: Literal["postgresql"]
    port: Annotated[int, Field(ge=1, le=65535)] = 5432


class Mysql(_Database):
    """MySQL or MariaDB."""

    kind: Literal["mysql"]
    port: Annotated[int, Field(ge=1, le=65535)] = 3306


class S3(_Place):
    """A bucket of S3-compatible storage."""

    kind: Literal["s3"]
    endpoint: Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9._:-]+/?$")]
    """`https://host[:port]`; `http://` only where the line itself is protected."""
    bucket: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]+$")]
    region: str = "us-east-1"
    access_key: Secret
    secret_key: Secret
    host_in_name: bool = False
    """The bucket is part of the host's name (some public clouds ask for it)."""


Place = Annotated[Sftp | Postgresql | Mysql | S3, Field(discriminator="kind")]


class Delivery(_Declared):
    """What of a place is fetched for a source: files by a pattern, a query's rows, or a view's."""

    source: Annotated[str, Field(pattern=_KEY)]
    place: Annotated[str, Field(pattern=_KEY)]
    name: Annotated[str, Field(pattern=_KEY)] = "query"
    """What a query's file is called, where a source has several."""
    files: str | None = None
    """Path with `*` and `?` within its parts, and `{batch}`, `{year}`, `{month}`."""
    complete: Literal["settle", "done", "manifest"] = "settle"
    """How a file is known to be whole: size and time stand still; `<file>.done` beside it; a list of SHA-256 beside it."""
    settle_seconds: Annotated[int, Field(ge=0, le=3600)] = 30
    manifest: Annotated[str, Field(pattern=r"^[^/]+$")] = "SHA256SUMS"
    query: str | None = None
    """One SELECT, with `{month_start}`, `{month_end}`, `{batch}` where the batch's dates belong."""
    view: Annotated[str, Field(pattern=r"^[^.\s]+(\.[^.\s]+){0,2}$")] | None = None
    """A table or view: all its columns."""
    month: Annotated[str, Field(pattern=_NAME)] | None = None
    """With `view`: the date column that tells the batch's rows; all rows without it."""
    order: list[str] = []
    """With `view`: the columns that its rows are ordered by, so that the same rows make the same file."""

    @field_validator("query")
    @classmethod
    def _parameters(cls, query: str | None) -> str | None:
        if query is None:
            return None
        text = query.strip().removesuffix(";").strip()
        for number, part in enumerate(text.split("'")):
            for word in _WORD.findall(part):
                if word not in PARAMETERS:
                    raise ValueError(f"没有 {{{word}}} 这个参数，可用的是 {_listed(PARAMETERS)}")
                if number % 2:
                    raise ValueError(f"{{{word}}} 不要放在引号里：它由程序作为参数传给数据库")
        return text

    @field_validator("files")
    @classmethod
    def _pattern(cls, files: str | None) -> str | None:
        if files is None:
            return None
        for word in _WORD.findall(files):
            if word not in IN_PATTERN:
                raise ValueError(f"没有 {{{word}}} 这个写法，可用的是 {_listed(IN_PATTERN)}")
        if "**" in files or ".." in files.split("/") or not files.rstrip("/").split("/")[-1]:
            raise ValueError("路径里不能有 .. 和 **，最后一段要是文件名")
        return files

    @model_validator(mode="after")
    def _one(self) -> "Delivery":
        if sum(bool(said) for said in (self.files, self.query, self.view)) != 1:
            raise ValueError("files、query、view 要写一个，只写一个")
        if (self.month or self.order) and not self.view:
            raise ValueError("month 和 order 只和 view 一起用")
        return self


class Sources(_Declared):
    """`sources.yaml`."""

    places: Annotated[dict[Annotated[str, Field(pattern=_KEY)], Place], Field(min_length=1)]
    deliveries: Annotated[list[Delivery], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits(self) -> "Sources":
        seen = set()
        for delivery in self.deliveries:
            place = self.places.get(delivery.place)
            if place is None:
                raise ValueError(f"{delivery.source} 的 place“{delivery.place}”不在 places 里")
            if bool(delivery.files) != isinstance(place, Sftp | S3):
                wanted = "files" if isinstance(place, Sftp | S3) else "query 或 view"
                raise ValueError(f"{delivery.source}：从 {place.kind} 取数要写 {wanted}")
            key = (delivery.source, delivery.place, "" if delivery.files else delivery.name)
            if key in seen:
                raise ValueError(
                    f"{delivery.source} 从 {delivery.place} 取了两次；几个查询用 name 取不同的名字，几个文件夹写成几个 place"
                )
            seen.add(key)
        return self


def declares(home: Home) -> bool:
    """Whether the home declares any place."""
    return (home.root / FILE).exists()


def load_sources(home: Home, known: Collection[str]) -> Sources | None:
    """The home's `sources.yaml`; None if there is none.

    Args:
        home: the home folder.
        known: keys of the sources that have a contract.

    Raises:
        DeclarationError: it is wrong; says where and what to do, and quotes nothing of it but names of sources and places.
    """
    path = home.root / FILE
    if not declares(home):
        return None
    documents = read_declared(path)
    if len(documents) != 1:
        raise DeclarationError("sources.yaml 里要有一份声明，只有一份。", where=str(path), todo=_SEE)
    sources = validated(documents[0], Sources, example="数据员手册“数据在别处”一节的例子")
    for number, delivery in enumerate(sources.deliveries):
        if delivery.source not in known:
            raise documents[0].refuse(
                f"没有数据源“{delivery.source}”。", "deliveries", number, "source", todo="写 schemas/sources/ 里有的数据源。"
            )
    return sources


_SEE = "照着数据员手册“数据在别处”一节的例子改正。"


def fetched_sources(home: Home, known: Collection[str]) -> set[str]:
    """Keys of the sources that are fetched from somewhere."""
    sources = load_sources(home, known)
    return {delivery.source for delivery in sources.deliveries} if sources else set()


def pattern_of(delivery: Delivery, batch: str) -> str:
    """The delivery's file pattern in one batch."""
    year, month = batch.split("-")
    values = {"batch": batch, "year": year, "month": month}
    return _WORD.sub(lambda found: values[found[1]], delivery.files or "")


def parameters_in(query: str) -> list[str]:
    """The parameters a query asks for, each once, in the order of their first place."""
    return list(dict.fromkeys(word for word in _WORD.findall(query) if word in PARAMETERS))


def written_with(query: str, places: dict[str, str]) -> str:
    """The query with the driver's own marks in its parameters' places."""
    return _WORD.sub(lambda found: places.get(found[1], found[0]), query)


def where_of(place: Sftp | Postgresql | Mysql | S3, key: str) -> str:
    """A place as messages tell it: key, title, kind, host; never a user or a secret."""
    host = place.endpoint if isinstance(place, S3) else f"{place.host}:{place.port}"
    return f"{place.title or key}（{place.kind} {host}）"


def json_schema() -> dict[str, Any]:
    """The JSON schema of `sources.yaml`, for editors (`schemas/fetch/sources.schema.json`)."""
    return Sources.model_json_schema()


def _listed(words: tuple[str, ...]) -> str:
    return "、".join(f"{{{word}}}" for word in words)
