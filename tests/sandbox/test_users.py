"""Who a function finds itself to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.sandbox


def test_a_function_has_a_name_and_a_home(inside: Callable[[str], Any]) -> None:
    found = inside(
        "import getpass, grp, os, pwd\n"
        "me, group = pwd.getpwuid(os.getuid()), grp.getgrgid(os.getgid())\n"
        "answer = [me.pw_name, me.pw_dir, os.path.expanduser('~'), group.gr_name, getpass.getuser()]"
    )
    home = "/home/sbx_user1051"
    assert found == ["sbx_user1051", home, home, "sbx_user1051", "sbx_user1051"]


def test_it_cannot_change_them(inside: Callable[[str], Any]) -> None:
    found = inside(
        "answer = []\n"
        "for path in '/etc/passwd', '/etc/group', '/run/users/passwd', '/run/users/new':\n"
        "    try:\n"
        "        answer.append(open(path, 'a').write('root2:x:0:0::/:/bin/sh'))\n"
        "    except OSError as error:\n"
        "        answer.append(error.errno)"
    )
    assert set(found) <= {13, 30}  # EACCES, EROFS
