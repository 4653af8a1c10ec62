"""The address at which a forge begins a new file: GitHub, GitLab, Gitea or Forgejo, with the file's text in it. Pure.

It is made of the address at which the forge lets people edit the site's articles, as `repo_url` and `edit_uri` name it.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

# Servers refuse longer addresses; most take 8,192 bytes.
LONGEST_ADDRESS = 7000
# What stands before the branch, by the forge that writes it so: the longest come first.
_EDITED_AT = (
    (("-", "edit"), "gitlab"),
    (("-", "blob"), "gitlab"),
    (("-", "tree"), "gitlab"),
    (("-", "raw"), "gitlab"),
    (("src", "branch"), "gitea"),
    (("_edit",), "gitea"),
    (("edit",), "github"),
    (("blob",), "github"),
    (("tree",), "github"),
    (("raw",), "github"),
)


@dataclass(frozen=True)
class NewFile:
    """The address of a new file in a forge; `filled` says whether the text is in it, or was too long."""

    address: str
    filled: bool


def new_file(edit_base: str, name: str, text: str) -> NewFile | None:
    """The address for a file in the folder of articles; None where `edit_base` is not that of a known forge.

    `edit_base` is the address at which an article is edited, without the article's path below the folder.
    """
    parts = urlsplit(edit_base)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        return None
    if (found := _found(parts.netloc, [part for part in parts.path.split("/") if part])) is None:
        return None
    path, name_of, text_of, folder = found
    # GitHub takes a folder from the name alone, the others from the path alone.
    file = f"{folder}/{name}" if folder else name
    empty = f"{urlunsplit((parts.scheme, parts.netloc, path, '', ''))}?{_query({name_of: file})}"
    full = f"{empty}&{_query({text_of: text})}"
    return NewFile(full, True) if len(full) <= LONGEST_ADDRESS else NewFile(empty, False)


def _found(host: str, path: list[str]) -> tuple[str, str, str, str] | None:
    """The path of a new file, what the file's name and text are called, and the folder where it belongs to the name."""
    # A repository is at least an owner and a name; either may have the name of an action.
    for at in range(2, len(path)):
        for words, forge in _EDITED_AT:
            branch, *folder = path[at + len(words) :] or [""]
            if tuple(path[at : at + len(words)]) != words or not branch:
                continue
            if forge == "github" and "bitbucket" in host:
                return None
            repository = "/".join(path[:at])
            if forge == "gitlab" or "gitlab" in host:
                return f"/{'/'.join((repository, '-/new', branch, *folder))}", "file_name", "content", ""
            if forge == "gitea":
                return f"/{'/'.join((repository, '_new', branch, *folder))}", "filename", "value", ""
            return f"/{repository}/new/{branch}", "filename", "value", "/".join(folder)
    return None


def _query(values: dict[str, str]) -> str:
    return urlencode(values, quote_via=quote)
