"""What comes from outside is never part of a regular expression's signs, and never a format: it stays text in both."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from project.rooms import files
from project.standards.test_expressions import CALLS

# What is no text from outside, although this page of code alone does not show it.
KNOWN = {
    ("snippets.py", "letters"): "a number of letters",
    ("settings.py", "setting.form"): "of the table of settings",
    ("backups.py", "self._store"): "digits of a hash",
    ("backups.py", "ending"): "of the two kinds of backups",
    ("postgres_words.py", "what"): "of _REASONS",
    ("postgres_words.py", "mend"): "of _REASONS",
    ("__init__.py", "self.of(lang)[key]"): "of the files in kb/handrail_kb/texts",
    ("logger.py", "known.sentence"): "of the catalogue of events",
}


@dataclass(frozen=True)
class Module:
    """A file of code, and which of its expressions are made of its own words alone."""

    file: Path
    text: str

    @cached_property
    def tree(self):
        return ast.parse(self.text)

    @cached_property
    def functions(self):
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)}

    @cached_property
    def at_top(self):
        """What stands in no function and no class."""
        plain = [node for node in self.tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
        return [inner for node in plain for inner in ast.walk(node)]

    def around(self, node):
        """The innermost function that a node stands in, or the module."""
        inside = [one for one in self.functions.values() if one.lineno <= node.lineno <= one.end_lineno]
        return max(inside, key=lambda one: one.lineno, default=self.tree)

    def is_own(self, node, seen=()):
        """Whether a text is made of words of the code, of what is escaped, and of nothing else."""
        if (self.file.name, ast.unparse(node)) in KNOWN or isinstance(node, ast.Constant):
            return True
        if isinstance(node, ast.JoinedStr):
            return all(self.is_own(part, seen) for part in node.values)
        if isinstance(node, ast.FormattedValue):
            return self.is_own(node.value, seen)
        if isinstance(node, ast.BinOp):
            return self.is_own(node.left, seen) and self.is_own(node.right, seen)
        if isinstance(node, ast.IfExp):
            return self.is_own(node.body, seen) and self.is_own(node.orelse, seen)
        if isinstance(node, ast.Attribute):
            return node.attr == "pattern" and self.is_own(node.value, seen)
        if isinstance(node, ast.Subscript):
            return self.is_own(node.value, seen)
        if isinstance(node, ast.Call):
            return self._call_is_own(node, seen)
        if isinstance(node, ast.Name):
            return node.id.strip("_").isupper() or (node.id not in seen and self._name_is_own(node, (*seen, node.id)))
        return False

    def _call_is_own(self, call, seen):
        name = ast.unparse(call.func)
        if name in ("re.escape", "len"):
            return True
        if name in ("Markup", "str") and call.args:
            return self.is_own(call.args[0], seen)
        if name.endswith(".join"):
            return self._parts_are_own(call.args[0], seen)
        return (
            name in self.functions
            and name not in seen
            and all(
                self.is_own(node.value, (*seen, name))
                for node in ast.walk(self.functions[name])
                if isinstance(node, ast.Return)
            )
        )

    def _parts_are_own(self, parts, seen):
        if isinstance(parts, ast.GeneratorExp):
            return self.is_own(parts.elt, seen)
        if isinstance(parts, ast.Call) and ast.unparse(parts.func) == "map":
            return self._call_is_own(ast.Call(parts.args[0], parts.args[1:], []), seen)
        return False

    def _name_is_own(self, name, seen):
        """A name that is given own words wherever it is given any: in the function, or by those that call it."""
        function = self.around(name)
        near = list(ast.walk(function) if function is not self.tree else self.at_top)
        given = [node.value for node in near if name.id in map(ast.unparse, assigned(node))]
        given += [
            one.iter for node in near for one in getattr(node, "generators", ()) if ast.unparse(one.target) == name.id
        ]
        arguments = [one.arg for one in function.args.args] if isinstance(function, ast.FunctionDef) else []
        if name.id in arguments:
            at = arguments.index(name.id)
            calls = [
                node
                for node in ast.walk(self.tree)
                if isinstance(node, ast.Call) and ast.unparse(node.func) == function.name
            ]
            given += [call.args[at] for call in calls]
        return bool(given) and all(isinstance(one, ast.Tuple) or self.is_own(one, seen) for one in given)

    def expressions(self):
        """What `re` is given."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {f"re.{name}" for name in CALLS}:
                yield node.args[0]

    def formats(self):
        """What is formatted by `format`, `format_map`, `vformat`, `Template`, or by `%` with more than a number."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr in ("format", "format_map"):
                    yield node.func.value
                elif node.func.attr == "vformat":
                    yield node.args[0]
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Template":
                yield node.args[0]
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
                many = isinstance(node.right, ast.Tuple | ast.Dict) or ast.unparse(node.right).startswith(
                    ("tuple(", "dict(")
                )
                if many or (isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)):
                    yield node.left


def assigned(node):
    """What a statement assigns to."""
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AugAssign) else []


def foreign(module, found):
    """The places where something else than own words is given."""
    return [f"{module.file.name}:{node.lineno} {ast.unparse(node)}" for node in found if not module.is_own(node)]


MODULES = [Module(file, file.read_text(encoding="utf-8")) for file in files(".py")]


def test_only_escaped_text_becomes_part_of_a_regular_expression():
    assert sum(1 for module in MODULES for _ in module.expressions()) > 200
    assert [place for module in MODULES for place in foreign(module, module.expressions())] == []


def test_only_words_of_our_own_are_formats():
    # The log library's own way to fill in a line of another library's, of which the values alone are from outside.
    known = {"lines.py": ["str(record.msg)"]}
    assert sum(1 for module in MODULES for _ in module.formats()) > 5
    found = {module.file.name: foreign(module, module.formats()) for module in MODULES}
    assert {name: [place.split(" ", 1)[1] for place in places] for name, places in found.items() if places} == known


@pytest.mark.parametrize(
    "code",
    [
        "def f(typed): return re.search(typed, text)",
        "def f(typed): return re.compile(f'^{typed}$')",
        "def f(typed):\n    either = '|'.join(typed)\n    return re.findall(either, text)",
        "def f(typed): return re.sub('|'.join(one for one in typed), '', text)",
        "def f(form): return re.match(g(form.words), text)\ndef g(words): return words + '$'",
        "def f(self): return re.search(self.typed.pattern, text)",
        "def f(typed): return typed.format(name=1)",
        "def f(form): return form['words'] % (1, 2)",
        "def f(typed): return (typed + '{name}').format_map({})",
        "def f(typed): return string.Template(typed)",
    ],
)
def test_text_from_outside_in_an_expression_or_as_a_format_is_noticed(code):
    module = Module(Path("made_up.py"), code)
    assert foreign(module, [*module.expressions(), *module.formats()])
