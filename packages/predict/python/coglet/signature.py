"""Reads the signature of a predictor: fields in, output out, and whether it can work at all. What cannot is told in a sentence."""

import asyncio
import collections.abc
import inspect
import re
import typing
from typing import Any, Dict, List, Optional, Tuple

from coglet.api import MASK, MISSING, AsyncConcatenateIterator, BasePredictor, ConcatenateIterator, FieldInfo
from coglet.kinds import DoesNotFit, Kind, ListKind, SecretKind, UnionKind, Unsupported, kind_of, name_of, title_of


class BadSignature(Exception):
    """Setup fails with this sentence."""


class Field:
    """One input: its kind, and what `Input` says of it."""

    def __init__(self, name: str, kind: Kind, info: FieldInfo, order: int) -> None:
        self.name = name
        self.kind = kind
        self.info = info
        self.order = order
        element = kind.element if isinstance(kind, ListKind) else kind
        if isinstance(element, UnionKind) and len(element.kinds) == 1:
            element = element.kinds[0]
        self.element = element.element if isinstance(element, ListKind) else element
        if info.default is None and not kind.is_nullable and not isinstance(kind, UnionKind):
            self.kind = UnionKind([kind], True)

    @property
    def is_required(self) -> bool:
        return not self.info.has_default and not self.kind.is_nullable

    def default(self) -> Any:
        return self.info.make_default() if self.info.has_default else None

    def _shown(self, value: Any) -> str:
        return f"{self.name}={MASK if isinstance(self.element, SecretKind) else repr(value)}"

    def _refuse_unless(self, holds: bool, value: Any, why: str) -> None:
        if not holds:
            raise DoesNotFit(f"invalid input value: {self._shown(value)} {why}")

    def _check_one(self, value: Any) -> None:
        info = self.info
        if info.ge is not None:
            self._refuse_unless(value >= info.ge, value, f"fails constraint >= {float(info.ge)}")
        if info.le is not None:
            self._refuse_unless(value <= info.le, value, f"fails constraint <= {float(info.le)}")
        if info.min_length is not None:
            self._refuse_unless(len(value) >= info.min_length, value, f"fails constraint len() >= {info.min_length}")
        if info.max_length is not None:
            self._refuse_unless(len(value) <= info.max_length, value, f"fails constraint len() <= {info.max_length}")
        if info.regex is not None:
            self._refuse_unless(re.match(info.regex, value) is not None, value, f"does not match regex {info.regex!r}")
        if info.choices is not None:
            self._refuse_unless(value in info.choices, value, f"does not match choices {info.choices!r}")

    def check(self, value: Any) -> None:
        """Constraints, on each element where the field is a list. Raises DoesNotFit."""
        if value is None:
            return
        for one in value if self.kind.is_list and isinstance(value, (list, set)) else [value]:
            if one is not None:
                self._check_one(one)

    def decode(self, value: Any) -> Any:
        decoded = self.kind.decode(value)
        self.check(decoded)
        return decoded

    def schema(self) -> Tuple[Dict[str, Any], Dict[str, Any]]:
        """The property, and components that it refers to."""
        info = self.info
        facts: Dict[str, Any] = {"x-order": self.order, "title": title_of(self.name)}
        if info.description is not None:
            facts["description"] = info.description
        if info.deprecated:
            facts["deprecated"] = True
        if info.default_factory is None and info.has_default and info.default is not None:
            facts["default"] = plain(info.default)
        if info.choices is not None:
            types = {str: "string", int: "integer", float: "number"}
            component = {
                "title": self.name,
                "description": "An enumeration.",
                "enum": list(info.choices),
                "type": types.get(type(info.choices[0]), "string"),
            }
            ref = {"$ref": f"#/components/schemas/{self.name}"}
            if self.kind.is_list:
                return {**self.kind.schema(), "items": ref, **facts}, {self.name: component}
            nullable = {"nullable": True} if self.kind.is_nullable else {}
            return {"allOf": [ref], **nullable, **facts}, {self.name: component}
        bounds = {
            "minimum": info.ge,
            "maximum": info.le,
            "minLength": info.min_length,
            "maxLength": info.max_length,
            "pattern": info.regex,
        }
        own = {key: value for key, value in bounds.items() if value is not None}
        shape = self.kind.schema()
        if self.kind.is_list and "items" in shape:
            shape = {**shape, "items": {**shape["items"], **own}}
            own = {}
        return {**shape, **own, **facts}, {}


def plain(value: Any) -> Any:
    if isinstance(value, (list, tuple, set)):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return value if isinstance(value, (bool, int, float, str)) else getattr(value, "value", str(value))


class Output:
    """What `predict` gives: one value, or several that come one by one."""

    def __init__(self, kind: Kind, iterates: bool, concatenates: bool) -> None:
        self.kind = kind
        self.iterates = iterates
        self.concatenates = concatenates

    def schema(self) -> Dict[str, Any]:
        if not self.iterates:
            return {"title": "Output", **{k: v for k, v in self.kind.schema().items() if k != "title"}}
        display = {"x-cog-array-display": "concatenate"} if self.concatenates else {}
        return {
            "title": "Output",
            "type": "array",
            "items": self.kind.schema(),
            "x-cog-array-type": "iterator",
            **display,
        }


ITERATORS = (
    collections.abc.Iterator,
    collections.abc.Generator,
    collections.abc.AsyncIterator,
    collections.abc.AsyncGenerator,
)


def read_output(hint: Any) -> Output:
    origin = typing.get_origin(hint) or hint
    arguments = typing.get_args(hint)
    concatenates = origin in (ConcatenateIterator, AsyncConcatenateIterator)
    if hint is type(None):
        return Output(Kind(), False, False)
    try:
        if not concatenates and origin not in ITERATORS:
            return Output(kind_of(hint), False, False)
        if not arguments:
            raise BadSignature("the output of predict is an iterator without element type: write Iterator[str]")
        if concatenates and arguments[0] is not str:
            raise BadSignature(f"the output of predict concatenates {name_of(arguments[0])}: only str can be concatenated")
        return Output(kind_of(arguments[0]), True, concatenates)
    except Unsupported as error:
        raise BadSignature(f"the output of predict cannot be {name_of(hint)}: {error}") from None


def read_field(name: str, parameter: inspect.Parameter, hint: Any, order: int) -> Field:
    kinds = {
        inspect.Parameter.VAR_POSITIONAL: f"*{name} is not supported",
        inspect.Parameter.VAR_KEYWORD: f"**{name} is not supported",
        inspect.Parameter.KEYWORD_ONLY: f"{name} is keyword-only, which is not supported",
        inspect.Parameter.POSITIONAL_ONLY: f"{name} is positional-only, which is not supported",
    }
    if parameter.kind in kinds:
        raise BadSignature(f"the signature of predict cannot work: {kinds[parameter.kind]}")
    if hint is MISSING:
        raise BadSignature(f"the input field {name} of predict has no type annotation")
    try:
        kind = kind_of(hint)
    except Unsupported as error:
        raise BadSignature(f"the input field {name} of predict cannot be {name_of(hint)}: {error}") from None
    default = parameter.default
    info = default if isinstance(default, FieldInfo) else _plain_info(default)
    field = Field(name, kind, info, order)
    _check_facts(field, name_of(hint))
    return field


def _plain_info(default: Any) -> FieldInfo:
    names = ("description", "ge", "le", "min_length", "max_length", "regex", "choices", "deprecated", "default_factory")
    value = MISSING if default is inspect.Parameter.empty else default
    return FieldInfo(default=value, **{name: None for name in names})


def _check_facts(field: Field, tpe: str) -> None:
    info, name, element = field.info, field.name, field.element.name
    where = f"the input field {name} of predict ({tpe})"
    if info.choices is not None:
        if element not in ("str", "int"):
            raise BadSignature(f"{where} has choices, which only str and int can have")
        if not info.choices:
            raise BadSignature(f"{where} has no choices to choose from")
        if any(one is not None for one in (info.ge, info.le, info.min_length, info.max_length, info.regex)):
            raise BadSignature(f"{where} has choices and bounds: use one of them")
        if any(type(one).__name__ != element for one in info.choices):
            raise BadSignature(f"{where} has choices of another type")
    if (info.ge is not None or info.le is not None) and element not in ("int", "float"):
        raise BadSignature(f"{where} has ge or le, which only int and float can have")
    texts = (info.min_length, info.max_length, info.regex)
    if any(one is not None for one in texts) and element not in ("str", "Secret"):
        raise BadSignature(f"{where} has min_length, max_length or regex, which only str can have")
    if info.ge is not None and info.le is not None and info.ge > info.le:
        raise BadSignature(f"{where} has ge above le")
    if info.default is not MISSING and info.default_factory is not None:
        raise BadSignature(f"{where} has a default and a default_factory: use one of them")
    if info.regex is not None:
        try:
            re.compile(info.regex)
        except re.error as error:
            raise BadSignature(f"{where} has a regex that cannot be read: {error}") from None
    if info.default is MISSING or info.default is None:
        return
    try:
        # A default may be an object already: what is checked is what JSON would bring.
        field.check(field.kind.decode(plain(info.default)))
    except DoesNotFit as error:
        raise BadSignature(f"{where} has a default that does not fit: {error}") from None


class Signature:
    def __init__(self, fields: List[Field], output: Output) -> None:
        self.fields = fields
        self.output = output

    def openapi(self) -> Dict[str, Any]:
        properties: Dict[str, Any] = {}
        components: Dict[str, Any] = {}
        for field in self.fields:
            properties[field.name], more = field.schema()
            components.update(more)
        required = [field.name for field in self.fields if field.is_required]
        inputs = {
            "title": "Input",
            "type": "object",
            "properties": properties,
            **({"required": required} if required else {}),
        }
        schemas = {"Input": inputs, "Output": self.output.schema(), **components}
        return {
            "openapi": "3.0.2",
            "info": {"title": "Predictor", "version": "0.1.0"},
            "paths": {},
            "components": {"schemas": schemas},
        }

    def unknown(self, given: Dict[str, Any]) -> List[str]:
        """Names that `predict` does not have."""
        names = {field.name for field in self.fields}
        return [name for name in given if name not in names]

    def decode(self, given: Dict[str, Any]) -> Dict[str, Any]:
        """Arguments for `predict`. Raises DoesNotFit."""
        arguments: Dict[str, Any] = {}
        for field in self.fields:
            if field.name in given:
                arguments[field.name] = field.decode(given[field.name])
            elif field.is_required:
                raise DoesNotFit(f"missing required input field: {field.name}")
            else:
                arguments[field.name] = field.default()
        return arguments


def read_signature(predict: Any) -> Signature:
    try:
        hints = typing.get_type_hints(predict)
    except NameError as error:
        raise BadSignature(f"an annotation of predict cannot be read: {error}") from None
    parameters = [
        (name, parameter)
        for name, parameter in inspect.signature(predict).parameters.items()
        if name != "self"
    ]
    fields = [
        read_field(name, parameter, hints.get(name, MISSING), order)
        for order, (name, parameter) in enumerate(parameters)
    ]
    if "return" not in hints:
        raise BadSignature("predict has no return annotation")
    output = read_output(hints["return"])
    if not output.iterates and (inspect.isgeneratorfunction(predict) or inspect.isasyncgenfunction(predict)):
        raise BadSignature("predict yields, but its return annotation is no iterator")
    return Signature(fields, output)


def is_async(predict: Any) -> bool:
    return asyncio.iscoroutinefunction(predict) or inspect.isasyncgenfunction(predict)


def method_of(tpe: Any) -> Optional[str]:
    """`predict`, or `run` as newer predictors call it. The base class's own is none."""
    for name in ("predict", "run"):
        found = getattr(tpe, name, None)
        if callable(found) and found is not BasePredictor.predict:
            return name
    return None


def load(module: Any, name: Optional[str]) -> Tuple[Any, Any]:
    """The predictor and what is called of it: an instance of a class and its method, or a function. Without a name what the module has is looked for."""
    for one in [name] if name else ["Predictor", "predict", "Runner", "run"]:
        found = getattr(module, one, None)
        if inspect.isclass(found):
            method = method_of(found)
            if method is None:
                raise BadSignature(f"the class {one} has no method predict or run")
            predictor = found()
            return predictor, getattr(predictor, method)
        if callable(found):
            return found, found
    wanted = name or "class Predictor or Runner and no function predict or run"
    raise BadSignature(f"{module.__name__}.py has no {wanted}")
