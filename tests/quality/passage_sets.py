"""Makes judged sets of long articles, and of their passages, from published questions in the form of SQuAD.

    python tests/quality/passage_sets.py japanese FOLDER jaquad_dev_0000.json jaquad_dev_0001.json …
    python tests/quality/passage_sets.py de FOLDER xquad-r/de.json

Such files name the passage that answers each question: JaQuAD (Japanese), XQuAD-R (twelve languages). In
`FOLDER/NAME-passages`, each passage is an article; in `FOLDER/NAME-articles`, those of one Wikipedia article are. With
FOLDER as `passages` in the folder of judged sets, `make quality` asks them. Their texts belong to others: keep them out
of the project.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

# A question: its id, its text, and the passage that answers it.
Asked = tuple[str, str, str]


def read_squad(files: Iterable[Path]) -> Iterator[tuple[str, list[str], list[tuple[str, str, int]]]]:
    """Each article: its title, its passages, and its questions as id, text and number of the passage."""
    for file in files:
        for article in json.loads(file.read_text(encoding="utf-8"))["data"]:
            paragraphs = article["paragraphs"]
            questions = [
                (str(asked["id"]), str(asked["question"]), number)
                for number, paragraph in enumerate(paragraphs)
                for asked in paragraph["qas"]
            ]
            title = str(article.get("title", "")).replace("_", " ")
            yield title, [str(paragraph["context"]) for paragraph in paragraphs], questions


def write_sets(name: str, folder: Path, files: Sequence[Path], every: int = 1) -> None:
    """Write both sets, with each `every`-th question."""
    articles: list[dict[str, Any]] = []
    passages: list[dict[str, Any]] = []
    asked: list[tuple[str, str, str, str]] = []
    for number, (title, texts, questions) in enumerate(read_squad(files)):
        articles.append({"_id": f"{number}", "title": title, "text": "\n".join(texts)})
        passages += [{"_id": f"{number}-{place}", "title": title, "text": text} for place, text in enumerate(texts)]
        asked += [(id_, text, f"{number}", f"{number}-{place}") for id_, text, place in questions]
    asked = asked[::every]
    _write(folder / f"{name}-articles", articles, [(id_, text, article) for id_, text, article, _ in asked])
    _write(folder / f"{name}-passages", passages, [(id_, text, passage) for id_, text, _, passage in asked])


def _write(folder: Path, corpus: list[dict[str, Any]], asked: list[Asked]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _write_lines(folder / "corpus.jsonl", corpus)
    _write_lines(folder / "queries.jsonl", [{"_id": id_, "text": text} for id_, text, _ in asked])
    rows = "".join(f"{id_}\t{article}\t2\n" for id_, _, article in asked)
    (folder / "qrels.tsv").write_text(f"query-id\tcorpus-id\tscore\n{rows}", encoding="utf-8")


def _write_lines(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


@click.command()
@click.argument("name")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--every", default=1, help="Take only each so many-th question.")
def main(name: str, folder: Path, files: tuple[Path, ...], every: int) -> None:
    """Make FOLDER/NAME-articles and FOLDER/NAME-passages from FILES."""
    write_sets(name, folder, files, every)


if __name__ == "__main__":
    main()
