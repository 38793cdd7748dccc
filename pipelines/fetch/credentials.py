"""Secrets: read where they are declared to be, at the moment they are needed.

Belongs here: reading one, and refusing one that others could read. Does not belong here: what it is for.
A secret is a return value only: it stands in no message, no attribute and no file of ours.
"""

import os
import stat
from pathlib import Path

from pipelines.errors import DataError
from pipelines.fetch.declared import Secret
from pipelines.storage import Home


def reveal(secret: Secret, home: Home) -> str:
    """The secret's text.

    Raises:
        DataError: it is not there, is empty, or its file may be read by others.
    """
    if secret.env:
        value = os.environ.get(secret.env, "")
        if not value:
            raise DataError(
                f"环境变量 {secret.env} 没有设置，取数需要它。", where="sources.yaml", todo="设置好这个环境变量后重新运行。"
            )
        return value
    path = checked(secret.file or "", home)
    try:
        value = path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise DataError("密钥文件读不出来。", where=str(path), todo="检查文件内容（UTF-8 文字）和读取权限。") from None
    if not value:
        raise DataError("密钥文件是空的。", where=str(path), todo="把口令写进这个文件，只写口令。")
    return value


def checked(name: str, home: Home) -> Path:
    """The path of a secret's file, relative to the home folder, that only its owner may read.

    Raises:
        DataError: it is not there, or others may read it.
    """
    path = home.root / Path(name).expanduser()
    try:
        state = path.stat()
    except OSError:
        raise DataError("找不到密钥文件。", where=str(path), todo="把文件放到这里，或改正 sources.yaml 里的路径。") from None
    if not stat.S_ISREG(state.st_mode):
        raise DataError("密钥文件的位置上不是文件。", where=str(path), todo="改正 sources.yaml 里的路径。")
    if state.st_mode & 0o077:
        raise DataError("密钥文件别人也能读，没有使用。", where=str(path), todo=f"运行 chmod 600 {path.name}，只留本人的权限。")
    if state.st_uid not in (os.geteuid(), 0):
        raise DataError("密钥文件属于别的用户，没有使用。", where=str(path), todo="换成本人所有的文件。")
    return path
