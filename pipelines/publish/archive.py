"""Packing lists into an AES-256 encrypted zip, where the policy asks for it.

Belongs here: the archive and where its password comes from. Does not belong here: which lists are packed
(`schemas/worklist.yaml`).

The password is never in a file of this project, a log or the manifest: it is handed over by another way than the archive.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from pipelines.errors import DataError

PASSWORD = "ZHUDONG_ARCHIVE_PASSWORD"  # noqa: S105  the variable's name, not a password
LEAST = 10
"""Characters a password must have: the file can be tried at leisure by whoever finds it."""


def pack(archive: Path, files: Sequence[Path]) -> Path:
    """Put files into one AES-256 zip (WinZip AE-2: 7-Zip, WinRAR and WPS open it) and remove them.

    File names inside stay readable: they hold the batch and the town, never a person.

    Raises:
        DataError: there is no password, or it is too short.
    """
    import pyzipper

    password = os.environ.get(PASSWORD, "")
    if len(password) < LEAST:
        raise DataError(
            "走访清单按规定要加密，但没有设置密码，或密码太短。",
            where="schemas/worklist.yaml 的 archive",
            todo=f"在环境变量 {PASSWORD} 里设置至少 {LEAST} 个字符的密码后重新运行；密码与文件分开交给镇街。",
        )
    with pyzipper.AESZipFile(archive, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as packed:
        packed.setpassword(password.encode())
        packed.setencryption(pyzipper.WZ_AES, nbits=256)
        for path in files:
            packed.write(path, arcname=path.name)
    for path in files:
        path.unlink()
    return archive
