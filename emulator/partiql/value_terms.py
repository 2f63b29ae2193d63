"""Parses values: literals and parameters (behaviour 14.1)."""

# ruff: noqa: D102 - a method has the name of the rule that it parses

from typing import Final

from emulator import errors
from emulator.expressions import ast
from emulator.partiql import literals
from emulator.partiql.ast import BagOf, Constant, ListOf, MapOf, Parameter, Template
from emulator.partiql.lexer import Token
from emulator.partiql.token_stream import TokenStream
from emulator.values.types import Value

ITEM: Final = ""
"""The path of an INSERT's item. In errors, the paths of the item's values begin with "root"."""

_ROOT: Final = "root"


class ValueTerms(TokenStream):
    """Parses values, and collects their constants and templates.

    parameters: the number of parameters that have been parsed so far.
    constants: of the literals parsed so far, those that contain no parameters.
    templates: of the literals parsed so far, those that contain parameters (`Parsed` in ast.py).
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.parameters = 0
        self.constants: dict[str, Value] = {}
        self.templates: list[tuple[str, Template]] = []

    def constant(self, value: Value) -> ast.Placeholder:
        name = f":{len(self.constants)}"
        self.constants[name] = value
        return ast.Placeholder(name)

    def value(self, path: str) -> ast.Placeholder:
        """Parse a literal or parameter; return its placeholder.

        path: the path of the value in errors, such as "root".
        """
        template = self.template(path)
        if isinstance(template, Parameter):
            return ast.Placeholder(f"?{template.index}")
        if literals.is_constant(template):
            return self.constant(literals.build(template, ()))
        name = f"={len(self.templates)}"
        self.templates.append((name, template))
        return ast.Placeholder(name)

    def template(self, path: str) -> Template:
        token = self.next()
        match token.kind:
            case "string":
                return Constant({"S": token.text})
            case "number":
                return Constant(literals.number_value(token.text, path or _ROOT))
            case "-" | "+":
                number = self.expect("number").text
                return Constant(literals.number_value(token.kind + number, path or _ROOT))
            case "?":
                self.parameters += 1
                return Parameter(self.parameters - 1)
            case "[":
                return ListOf(self.elements("]", path or _ROOT))
            case "<<":
                return BagOf(self.elements(">>", path or _ROOT))
            case "{":
                return self.map(path)
            case "word":
                return self.word(token, path)
        raise self.malformed("Unexpected term")

    def word(self, token: Token, path: str) -> Template:
        if self.peek("("):
            raise errors.unsupported_data_type(token.text.lower(), path or _ROOT, self.position(token))
        match token.text.upper():
            case "TRUE":
                return Constant({"BOOL": True})
            case "FALSE":
                return Constant({"BOOL": False})
            case "NULL":
                return Constant({"NULL": True})
        raise self.malformed("Unexpected term")

    def elements(self, closing: str, path: str) -> tuple[Template, ...]:
        self.deeper()
        templates: list[Template] = []
        if not self.take_if(closing):
            templates.append(self.template(f"{path}[0]"))
            while self.take_if(","):
                templates.append(self.template(f"{path}[{len(templates)}]"))
            self.expect(closing)
        self.depth -= 1
        return tuple(templates)

    def map(self, path: str) -> MapOf:
        self.deeper()
        pairs: list[tuple[str, Template]] = []
        if not self.take_if("}"):
            pairs.append(self.pair(path))
            while self.take_if(","):
                pairs.append(self.pair(path))
            self.expect("}")
        self.depth -= 1
        return MapOf(tuple(pairs))

    def pair(self, path: str) -> tuple[str, Template]:
        name = self.expect("string").text
        if not name:
            raise errors.empty_attribute_name()
        self.expect(":")
        return name, self.template(_ROOT if path == ITEM else f"{path}.{name}")
