"""A site of three articles in a theme without weight, for tests that build it again and again."""

from __future__ import annotations


def write_small_site(root, words="All about"):
    """The source of the site; each article says `words` and its name."""
    (root / "docs").mkdir(parents=True)
    (root / "mkdocs.yml").write_text("site_name: Acme\nplugins: [search, handrail]\ntheme: {name: mkdocs}\n")
    for name in ("index", "pears", "plums"):
        (root / "docs" / f"{name}.md").write_text(f"# {name.title()}\n\n{words} {name}.\n")
    return root
