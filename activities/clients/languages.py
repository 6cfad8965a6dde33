"""
Where functions, classes and methods are defined in a text, by the grammar of its language.

What is not well formed is read as far as it can be; nothing of it is carried out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import tree_sitter_go
import tree_sitter_java
import tree_sitter_javascript
import tree_sitter_python
import tree_sitter_rust
import tree_sitter_typescript
from tree_sitter import Language, Node, Parser, TreeCursor

SUFFIXES: Mapping[str, str] = {
    **dict.fromkeys(("py", "pyi"), "python"),
    **dict.fromkeys(("js", "jsx", "mjs", "cjs"), "javascript"),
    **dict.fromkeys(("ts", "mts", "cts"), "typescript"),
    "tsx": "tsx",
    "go": "go",
    "rs": "rust",
    "java": "java",
}
GRAMMARS: Mapping[str, object] = {
    "python": tree_sitter_python.language(),
    "javascript": tree_sitter_javascript.language(),
    "typescript": tree_sitter_typescript.language_typescript(),
    "tsx": tree_sitter_typescript.language_tsx(),
    "go": tree_sitter_go.language(),
    "rust": tree_sitter_rust.language(),
    "java": tree_sitter_java.language(),
}
KNOWN = "Python, JavaScript, TypeScript, Go, Rust and Java"

ECMA = {
    "function_declaration": "function",
    "generator_function_declaration": "function",
    "function_signature": "function",
    "class_declaration": "class",
    "abstract_class_declaration": "class",
    "interface_declaration": "interface",
    "enum_declaration": "enum",
    "type_alias_declaration": "type",
    "method_definition": "method",
    "method_signature": "method",
    "abstract_method_signature": "method",
    "variable_declarator": "function",
    "field_definition": "method",
    "public_field_definition": "method",
}
KINDS: Mapping[str, Mapping[str, str]] = {
    "python": {"function_definition": "function", "class_definition": "class"},
    "javascript": ECMA,
    "typescript": ECMA,
    "tsx": ECMA,
    "go": {
        "function_declaration": "function",
        "method_declaration": "method",
        "type_spec": "type",
        "type_alias": "type",
    },
    "rust": {
        "function_item": "function",
        "function_signature_item": "function",
        "struct_item": "struct",
        "enum_item": "enum",
        "union_item": "union",
        "trait_item": "trait",
        "type_item": "type",
        "mod_item": "module",
        "macro_definition": "macro",
    },
    "java": {
        "class_declaration": "class",
        "interface_declaration": "interface",
        "enum_declaration": "enum",
        "record_declaration": "record",
        "annotation_type_declaration": "annotation",
        "method_declaration": "method",
        "constructor_declaration": "constructor",
    },
}
ASSIGNED = ("variable_declarator", "field_definition", "public_field_definition")
FUNCTIONS = ("arrow_function", "function_expression", "generator_function", "class")
WRAPPED = ("decorated_definition", "export_statement")
DEEPEST = 20
"""In how many things something that is defined is said to stand."""


@dataclass(frozen=True, slots=True)
class Definition:
    """
    A function, class, method or type.

    Attributes:
        kind: What it is, in a word.
        owners: The names of what it stands in, from the outside.
        name: Its own name.
        first: Its first line, from 1, with what decorates it.
        line: The line that its name is on.
        last: Its last line.
    """

    kind: str
    owners: tuple[str, ...]
    name: str
    first: int
    line: int
    last: int

    def is_called(self, parts: tuple[str, ...]) -> bool:
        """Whether it may be called by *parts*, the last being its own name."""
        return (*self.owners, self.name)[-len(parts) :] == parts


def language_of(path: str) -> str | None:
    """
    In what language the file *path* is, by its name; None if that is none of ours.

    >>> language_of("src/a.test.TS"), language_of("Makefile")
    ('typescript', None)
    """
    return SUFFIXES.get(path.rpartition("/")[2].rpartition(".")[2].lower())


@cache
def grammar(language: str) -> Language:
    """The grammar of *language*."""
    return Language(GRAMMARS[language])


def definitions(language: str, text: str) -> Iterator[Definition]:
    """What is defined in *text*, from the top."""
    tree = Parser(grammar(language)).parse(text.encode(errors="replace"))
    kinds = KINDS[language]
    owners = list[tuple[int, str]]()
    above = list[Node]()
    for depth, node in nodes(tree.walk()):
        del above[depth:]
        above.append(node)
        while owners and owners[-1][0] >= depth:
            owners.pop()
        name = name_of(node) if node.type in kinds else None
        if name is not None:
            over = (*(owner for _, owner in owners[-DEEPEST:]), *receiver_of(node))
            kind = kinds[node.type]
            if kind == "function" and over and language in ("python", "rust"):
                kind = "method"
            outer = above[-2] if depth and above[-2].type in WRAPPED else node
            first, last = outer.start_point[0] + 1, outer.end_point[0] + 1
            yield Definition(kind, over, said(name), first, name.start_point[0] + 1, last)
            owners.append((depth, said(name)))
        elif node.type == "impl_item":
            owners += [(depth, one) for one in type_named(node.child_by_field_name("type"))]


def nodes(cursor: TreeCursor) -> Iterator[tuple[int, Node]]:
    """Every node below *cursor* in its order, with its depth; without recursion."""
    depth = 0
    while True:
        assert cursor.node is not None
        yield depth, cursor.node
        if cursor.goto_first_child():
            depth += 1
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
            depth -= 1


def name_of(node: Node) -> Node | None:
    """What gives *node*, which may define something, its name; None if it defines nothing."""
    if node.type in ASSIGNED:
        value = node.child_by_field_name("value")
        if value is None or value.type not in FUNCTIONS:
            return None
    return node.child_by_field_name("name") or node.child_by_field_name("property")


def receiver_of(node: Node) -> tuple[str, ...]:
    """The type that *node*, a method of Go's, is of."""
    return type_named(node.child_by_field_name("receiver"))


def type_named(node: Node | None) -> tuple[str, ...]:
    """The type that *node* is about, without its parameters."""
    found = re.findall(r"\w+", said(node).partition("[")[0].partition("<")[0]) if node else []
    return tuple(found[-1:])


def said(node: Node) -> str:
    """The text of *node*."""
    return (node.text or b"").decode(errors="replace")
