"""Types of fields: what each looks like in JSON Schema, how a JSON value becomes one, and how one becomes a JSON value."""

import collections.abc
import dataclasses
import enum
import pathlib
import typing
from typing import Any, Callable, Dict, List, Optional

from coglet.api import MASK, MISSING, BaseModel, Coder, FieldInfo, Path, Secret, UnionType, is_optional

class Unsupported(Exception):
    """A type that cannot be a field. The message ends a sentence that names the field."""


class DoesNotFit(Exception):
    """A value that is none of its type. The message is what the client reads."""


Files = Dict[str, str]
Mark = Callable[[str, pathlib.Path], str]


class Kind:
    """One type. `schema` is fresh at each call: callers add to it."""

    name = "Any"
    is_list = False
    is_nullable = False

    def schema(self) -> Dict[str, Any]:
        return {}

    def decode(self, value: Any) -> Any:
        return value

    def encode(self, value: Any, at: str, mark: Mark) -> Any:
        return encode_any(value, at, mark)


def refuse(value: Any, name: str) -> DoesNotFit:
    return DoesNotFit(f"failed to normalize value {value!r} as {name}")


class Scalar(Kind):
    """Converted, and must equal the original: 2.0 is the int 2, 2.5 is none."""

    def __init__(self, python: type, json_type: str) -> None:
        self.python = python
        self.name = python.__name__
        self.json_type = json_type

    def schema(self) -> Dict[str, Any]:
        return {"type": self.json_type}

    def decode(self, value: Any) -> Any:
        try:
            converted = self.python(value)
        except (TypeError, ValueError, OverflowError):
            raise refuse(value, self.name) from None
        if converted != value:
            raise refuse(value, self.name)
        return converted

    def encode(self, value: Any, at: str, mark: Mark) -> Any:
        # Of numpy and its like: scalars that know their plain value.
        plain = value.item() if hasattr(value, "item") and not isinstance(value, self.python) else value
        if self.python is str and not isinstance(plain, str):
            raise refuse(plain, self.name)
        return self.decode(plain)


class PathKind(Kind):
    name = "Path"

    def schema(self) -> Dict[str, Any]:
        return {"type": "string", "format": "uri"}

    def decode(self, value: Any) -> Any:
        # The server has put a file of this machine in place of what the client sent.
        if not isinstance(value, str):
            raise refuse(value, self.name)
        return Path(value)

    def encode(self, value: Any, at: str, mark: Mark) -> Any:
        if not isinstance(value, (str, pathlib.Path)):
            raise refuse(value, self.name)
        return mark(at, pathlib.Path(value))


class SecretKind(Kind):
    name = "Secret"

    def schema(self) -> Dict[str, Any]:
        return {"type": "string", "format": "password", "writeOnly": True, "x-cog-secret": True}

    def decode(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise DoesNotFit(f"failed to normalize value {MASK} as Secret")
        return Secret(value)

    def encode(self, value: Any, at: str, mark: Mark) -> Any:
        return MASK


class ListKind(Kind):
    is_list = True

    def __init__(self, element: Kind, make: Callable[[Any], Any] = list, name: str = "list") -> None:
        self.element = element
        self.make = make
        self.name = f"{name}[{element.name}]"

    def schema(self) -> Dict[str, Any]:
        unique = {"uniqueItems": True} if self.make is not list else {}
        return {"type": "array", "items": self.element.schema(), **unique}

    def decode(self, value: Any) -> Any:
        if not isinstance(value, list):
            raise refuse(value, self.name)
        return self.make(self.element.decode(one) for one in value)

    def encode(self, value: Any, at: str, mark: Mark) -> Any:
        if isinstance(value, (str, bytes, dict)) or not isinstance(value, collections.abc.Iterable):
            raise refuse(value, self.name)
        return [self.element.encode(one, f"{at}/{index}", mark) for index, one in enumerate(value)]


class DictKind(Kind):
    name = "dict"

    def __init__(self, element: Optional[Kind] = None) -> None:
        self.element = element

    def schema(self) -> Dict[str, Any]:
        more = {} if self.element is None else {"additionalProperties": self.element.schema()}
        return {"type": "object", **more}

    def decode(self, value: Any) -> Any:
        if not isinstance(value, dict):
            raise refuse(value, self.name)
        if self.element is None:
            return dict(value)
        return {key: self.element.decode(one) for key, one in value.items()}

    def encode(self, value: Any, at: str, mark: Mark) -> Any:
        if not isinstance(value, dict):
            raise refuse(value, self.name)
        one = self.element or Kind()
        return {str(key): one.encode(v, f"{at}/{pointer(str(key))}", mark) for key, v in value.items()}


class EnumKind(Kind):
    def __init__(self, python: Any) -> None:
        self.python = python
        self.name = python.__name__

    def schema(self) -> Dict[str, Any]:
        values = [member.value for member in self.python]
        json_type = {str: "string", int: "integer"}.get(type(values[0])) if values else None
        return {"enum": values, **({} if json_type is None else {"type": json_type})}

    def decode(self, value: Any) -> Any:
        try:
            return self.python(value)
        except ValueError:
            raise refuse(value, self.name) from None

    def encode(self, value: Any, at: str, mark: Mark) -> Any:
        return value.value if isinstance(value, enum.Enum) else self.decode(value).value


class LiteralKind(Kind):
    def __init__(self, values: List[Any]) -> None:
        self.values = values
        self.name = f"Literal{values!r}"

    def schema(self) -> Dict[str, Any]:
        json_type = "string" if all(isinstance(one, str) for one in self.values) else None
        return {"enum": list(self.values), **({} if json_type is None else {"type": json_type})}

    def decode(self, value: Any) -> Any:
        if value not in self.values:
            raise refuse(value, self.name)
        return value


class ObjectKind(Kind):
    """A dataclass, a BaseModel or a TypedDict: named fields."""

    def __init__(self, python: Any, fields: Dict[str, Kind], required: List[str], make: Callable[..., Any]) -> None:
        self.python = python
        self.name = python.__name__
        self.fields = fields
        self.required = required
        self.make = make

    def schema(self) -> Dict[str, Any]:
        properties = {
            name: {"title": title_of(name), **kind.schema()} for name, kind in self.fields.items()
        }
        required = {"required": list(self.required)} if self.required else {}
        return {"type": "object", "title": self.name, "properties": properties, **required}

    def decode(self, value: Any) -> Any:
        if not isinstance(value, dict):
            raise refuse(value, self.name)
        for name in self.required:
            if name not in value:
                raise DoesNotFit(f"missing required input field: {self.name}.{name}")
        return self.make(**{name: kind.decode(value[name]) for name, kind in self.fields.items() if name in value})

    def encode(self, value: Any, at: str, mark: Mark) -> Any:
        facts = value if isinstance(value, dict) else vars(value) if hasattr(value, "__dict__") else None
        if facts is None:
            raise refuse(value, self.name)
        missing = [name for name in self.required if name not in facts]
        if missing:
            raise DoesNotFit(f"the output {self.name} has no {missing[0]}")
        return {
            name: kind.encode(facts[name], f"{at}/{pointer(name)}", mark)
            for name, kind in self.fields.items()
            if name in facts
        }


class UnionKind(Kind):
    def __init__(self, kinds: List[Kind], nullable: bool) -> None:
        self.kinds = kinds
        self.is_nullable = nullable
        self.is_list = any(kind.is_list for kind in kinds)
        self.name = " | ".join([*(kind.name for kind in kinds), *(["None"] if nullable else [])])

    def schema(self) -> Dict[str, Any]:
        nullable = {"nullable": True} if self.is_nullable else {}
        if len(self.kinds) == 1:
            return {**self.kinds[0].schema(), **nullable}
        return {"anyOf": [kind.schema() for kind in self.kinds], **nullable}

    def _first(self, value: Any, attempt: Callable[[Kind], Any]) -> Any:
        if value is None and self.is_nullable:
            return None
        if len(self.kinds) == 1:
            return attempt(self.kinds[0])
        for kind in self.kinds:
            try:
                return attempt(kind)
            except DoesNotFit:
                continue
        raise refuse(value, self.name)

    def decode(self, value: Any) -> Any:
        return self._first(value, lambda kind: kind.decode(value))

    def encode(self, value: Any, at: str, mark: Mark) -> Any:
        return self._first(value, lambda kind: kind.encode(value, at, mark))


class CodedKind(Kind):
    def __init__(self, coder: Coder, name: str) -> None:
        self.coder = coder
        self.name = name

    def schema(self) -> Dict[str, Any]:
        return {"type": "object"}

    def decode(self, value: Any) -> Any:
        return self.coder.decode(value)

    def encode(self, value: Any, at: str, mark: Mark) -> Any:
        return encode_any(self.coder.encode(value), at, mark)


def pointer(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def title_of(name: str) -> str:
    return name.replace("_", " ").title()


def encode_any(value: Any, at: str, mark: Mark) -> Any:
    """A value whose type nobody declared. A Path is a file; a string is never one, whatever it looks like."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, pathlib.Path):
        return mark(at, value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, dict):
        return {str(key): encode_any(v, f"{at}/{pointer(str(key))}", mark) for key, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [encode_any(v, f"{at}/{index}", mark) for index, v in enumerate(value)]
    if hasattr(value, "tolist"):
        return encode_any(value.tolist(), at, mark)
    if isinstance(value, BaseModel) or dataclasses.is_dataclass(value):
        return encode_any(dict(vars(value)), at, mark)
    raise DoesNotFit(f"an output of type {type(value).__name__} cannot be sent")


SCALARS: Dict[Any, Callable[[], Kind]] = {
    bool: lambda: Scalar(bool, "boolean"),
    int: lambda: Scalar(int, "integer"),
    float: lambda: Scalar(float, "number"),
    str: lambda: Scalar(str, "string"),
    Secret: SecretKind,
    Any: Kind,
    dict: DictKind,
    list: lambda: ListKind(Kind()),
    set: lambda: ListKind(Kind(), set, "set"),
}


def kind_of(tpe: Any, inside: bool = False) -> Kind:
    """The kind of an annotation. `inside`: an element of a list. Raises Unsupported."""
    if tpe in SCALARS:
        if inside and tpe in (list, set):
            raise Unsupported("a list inside a list is not supported")
        return SCALARS[tpe]()
    if isinstance(tpe, type) and issubclass(tpe, pathlib.Path):
        return PathKind()
    origin = typing.get_origin(tpe)
    arguments = typing.get_args(tpe)
    if origin is typing.Union or (UnionType is not None and origin is UnionType):
        kinds = [kind_of(one, inside) for one in arguments if one is not type(None)]
        return UnionKind(kinds, type(None) in arguments)
    if origin in (list, set, collections.abc.Sequence):
        if inside:
            raise Unsupported("a list inside a list is not supported")
        element = kind_of(arguments[0], inside=True) if arguments else Kind()
        return ListKind(element, set, "set") if origin is set else ListKind(element)
    if origin in (dict, collections.abc.Mapping):
        if arguments and arguments[0] is not str:
            raise Unsupported("the keys of a dict are str")
        return DictKind(kind_of(arguments[1], inside) if arguments else None)
    if origin is typing.Literal:
        return LiteralKind(list(arguments))
    if isinstance(tpe, type) and issubclass(tpe, enum.Enum):
        return EnumKind(tpe)
    found = object_kind(tpe, inside)
    if found is not None:
        return found
    coder = Coder.lookup(tpe)
    if coder is not None:
        return CodedKind(coder, name_of(tpe))
    raise Unsupported(f"the type {name_of(tpe)} is not supported")


def object_kind(tpe: Any, inside: bool) -> Optional[Kind]:
    if not isinstance(tpe, type):
        return None
    is_typed_dict = issubclass(tpe, dict) and hasattr(tpe, "__total__")
    if not (is_typed_dict or dataclasses.is_dataclass(tpe) or issubclass(tpe, BaseModel)):
        return None
    hints = typing.get_type_hints(tpe)
    kinds = {name: kind_of(hint, inside) for name, hint in hints.items()}
    if is_typed_dict:
        required = [name for name in hints if name in getattr(tpe, "__required_keys__", hints)]
        return ObjectKind(tpe, kinds, required, dict)
    if dataclasses.is_dataclass(tpe):
        optional = {
            field.name
            for field in dataclasses.fields(tpe)
            if field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        }
    else:
        optional = {name for name, hint in hints.items() if is_optional(hint) or has_class_default(tpe, name)}
    return ObjectKind(tpe, kinds, [name for name in hints if name not in optional], tpe)


def has_class_default(tpe: Any, name: str) -> bool:
    default = getattr(tpe, name, MISSING)
    return default.has_default if isinstance(default, FieldInfo) else default is not MISSING


def name_of(tpe: Any) -> str:
    return tpe.__name__ if isinstance(tpe, type) and not typing.get_args(tpe) else str(tpe).replace("typing.", "")
