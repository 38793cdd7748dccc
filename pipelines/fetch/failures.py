"""What can go wrong at a place, in the words an officer reads.

Belongs here: one sentence per kind of failure, and what to do. Does not belong here: telling which it was: each kind of
place knows its client. What a client or server said is never quoted: it may hold a row's value or a secret.
"""

from pipelines.errors import DataError


class CutOffError(DataError):
    """The connection broke while something was carried over: trying again goes on where it stopped."""


def cut_off(where: str) -> CutOffError:
    """The connection was lost in the middle."""
    return CutOffError(
        "传送中途断了，收件文件夹里没有留下半个文件。", where=where, todo="稍后重新运行，会接着传；总是断就检查网络。"
    )


def unreachable(where: str) -> DataError:
    """Nothing answers there."""
    return DataError("连不上对方的服务器。", where=where, todo="检查网络、地址、端口和防火墙；对方停机就等恢复后重新运行。")


def refused(where: str) -> DataError:
    """The login was refused."""
    return DataError(
        "对方拒绝登录。",
        where=where,
        todo="核对 sources.yaml 里的用户名（和数据库名）、口令或密钥；也可能是对方的账号停用或过期了。",
    )


def unknown_host(where: str) -> DataError:
    """The server's key is not the known one."""
    return DataError(
        "对方服务器的主机密钥不在 known_hosts 里，没有连接：不能确认对方是谁。",
        where=where,
        todo="向对方当面或电话核实主机密钥，再写进 known_hosts；密钥突然变了，先问清原因。",
    )


def untrusted(where: str) -> DataError:
    """The encrypted connection could not be made."""
    return DataError(
        "加密连接建立不了：对方不支持加密，或证书不可信。",
        where=where,
        todo="请对方开启 TLS，或把对方的证书机构文件写在 ca；专线上确实不加密的，由负责人写 tls: none（S3 写 http://）。",
    )


def denied(where: str) -> DataError:
    """Logged in, but not allowed to read this."""
    return DataError("登录成功，但没有权限读取。", where=where, todo="请对方给这个账号授予读取权限。")


def denied_or_absent(where: str) -> DataError:
    """MySQL tells an account nothing of tables that it may not read: an absent one is refused like a forbidden one."""
    return DataError(
        "登录成功，但没有权限读取，或者没有这个表。",
        where=where,
        todo="核对 query 或 view 里的名称；对了，就请对方授予读取权限。",
    )


def vanished(where: str) -> DataError:
    """A file was listed and is gone."""
    return DataError("文件在传送时不见了。", where=where, todo="问对方是不是移走或改名了；然后重新运行。")


def changed(where: str) -> DataError:
    """A file was written to while it was carried over."""
    return DataError("传送时对方还在改动这个文件，没有采用。", where=where, todo="等对方传完后重新运行。")


def no_bucket(where: str) -> DataError:
    """The bucket is not there."""
    return DataError("对象存储里没有这个存储桶。", where=where, todo="核对 sources.yaml 里的 bucket 和 endpoint。")


def no_table(where: str) -> DataError:
    """Table, view or column is not there."""
    return DataError(
        "数据库里没有查询用到的表、视图或列。", where=where, todo="与对方核对名称和大小写，改正 sources.yaml 里的 query 或 view。"
    )


def bad_query(where: str) -> DataError:
    """The database does not take the query."""
    return DataError("数据库不接受这个查询。", where=where, todo="改正 sources.yaml 里的 query：一条 SELECT 语句，参数不加引号。")


def bad_type(where: str, column: str) -> DataError:
    """A column's type has no certain text."""
    return DataError(
        f"查询结果的列“{column}”的类型不能原样保存。",
        where=where,
        todo="在查询里把它转换成文字、数字或日期，例如 CAST(列 AS text)。",
    )


def failed(where: str) -> DataError:
    """Anything else."""
    return DataError("取数失败，对方返回了错误。", where=where, todo="稍后重新运行；总是这样，请对方查看服务器上的记录。")


def disk_full(where: str) -> DataError:
    """No room for what comes."""
    return DataError("磁盘空间不足，没有取回，原有文件没有改变。", where=where, todo="清理磁盘后重新运行。")


def not_installed(extra: str) -> DataError:
    """The client is an optional part."""
    return DataError(
        f"这台机器没有装 {extra} 取数需要的部分。", where="sources.yaml", todo=f"运行 pip install 'zhudong[{extra}]'。"
    )
