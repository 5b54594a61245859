"""What predictors are written with: base classes, types of fields, `Input`."""

import copy
import pathlib
import typing
from typing import Any, AsyncIterator, Callable, Iterator, List, Optional, TypeVar

from coglet.scope import Scope, current_scope

try:
    from types import UnionType  # Python 3.10
except ImportError:
    UnionType = None  # type: ignore[assignment,misc]

T = TypeVar("T")

MISSING: Any = object()
MASK = "**********"


class CancellationException(BaseException):
    """Raised inside `predict` of a sync predictor when its prediction is canceled. No `except Exception` swallows it."""


# The other spelling is what some predictors import.
CancelationException = CancellationException


class Path(type(pathlib.Path())):  # type: ignore[misc]
    """A file: an input arrives as one on this machine, an output leaves as its content."""


class File(Path):
    """The older name of `Path`."""


class Secret:
    """A value that prints as asterisks everywhere."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __str__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class ConcatenateIterator(Iterator[T]):
    """Pieces of text that belong together."""


class AsyncConcatenateIterator(AsyncIterator[T]):
    """Pieces of text that belong together, from an async generator."""


class FieldInfo:
    """What `Input(...)` says of a field."""

    def __init__(self, **facts: Any) -> None:
        self.default: Any = facts.pop("default")
        self.default_factory: Optional[Callable[[], Any]] = facts.pop("default_factory")
        self.description: Optional[str] = facts.pop("description")
        self.ge: Optional[float] = facts.pop("ge")
        self.le: Optional[float] = facts.pop("le")
        self.min_length: Optional[int] = facts.pop("min_length")
        self.max_length: Optional[int] = facts.pop("max_length")
        self.regex: Optional[str] = facts.pop("regex")
        self.choices: Optional[List[Any]] = facts.pop("choices")
        self.deprecated: Optional[bool] = facts.pop("deprecated")

    @property
    def has_default(self) -> bool:
        return self.default is not MISSING or self.default_factory is not None

    def make_default(self) -> Any:
        """Fresh for each call: a list that one prediction fills is not the next one's."""
        if self.default_factory is not None:
            return self.default_factory()
        return copy.deepcopy(self.default)


def Input(  # noqa: N802 - the name that predictors import
    default: Any = MISSING,
    *,
    default_factory: Optional[Callable[[], Any]] = None,
    description: Optional[str] = None,
    ge: Optional[float] = None,
    le: Optional[float] = None,
    min_length: Optional[int] = None,
    max_length: Optional[int] = None,
    regex: Optional[str] = None,
    choices: Optional[List[Any]] = None,
    deprecated: Optional[bool] = None,
) -> Any:
    return FieldInfo(
        # `...` is how pydantic's users say "required".
        default=MISSING if default is ... else default,
        default_factory=default_factory,
        description=description,
        ge=ge,
        le=le,
        min_length=min_length,
        max_length=max_length,
        regex=regex,
        choices=None if choices is None else list(choices),
        deprecated=deprecated,
    )


class _RunningScope:
    """`self.scope`, the running prediction's. No property: a predictor may have a field of its own by this name."""

    def __get__(self, _instance: Any, _owner: Any = None) -> Scope:
        return current_scope()


class BaseRunner:
    """A predictor may be any class with `run` or `predict`; this one has an empty `setup`, and metrics."""

    scope = _RunningScope()

    def setup(self) -> None:
        return None

    def record_metric(self, name: str, value: Any, mode: str = "replace") -> None:
        current_scope().record_metric(name, value, mode)


class BasePredictor(BaseRunner):
    """The older name."""

    def predict(self, **kwargs: Any) -> Any:
        raise NotImplementedError("predict has not been implemented")


def is_optional(hint: Any) -> bool:
    """`Optional[X]`, or `X | None`."""
    return typing.get_origin(hint) in (typing.Union, UnionType) and type(None) in typing.get_args(hint)


def streaming(function: Any = None) -> Any:
    """Says that a predictor may be streamed, which here every one may: `@streaming` and `@streaming()` change nothing."""
    return (lambda decorated: decorated) if function is None else function


class BaseModel:
    """An object with named, typed fields: for outputs with several values and for nested inputs."""

    def __init__(self, **values: Any) -> None:
        for name, hint in typing.get_type_hints(type(self)).items():
            if name in values:
                setattr(self, name, values.pop(name))
                continue
            default = getattr(type(self), name, None if is_optional(hint) else MISSING)
            if isinstance(default, FieldInfo):
                default = default.make_default() if default.has_default else MISSING
            if default is MISSING:
                raise TypeError(f"{type(self).__name__} needs a value for {name}")
            setattr(self, name, copy.deepcopy(default))
        if values:
            raise TypeError(f"{type(self).__name__} has no field {sorted(values)[0]}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment]


class Coder:
    """Makes JSON objects of values of a type that is not known here, and back."""

    _factories: List[Any] = []

    @staticmethod
    def register(coder: Any) -> None:
        Coder._factories.append(coder)

    @staticmethod
    def lookup(tpe: Any) -> Optional["Coder"]:
        for coder in Coder._factories:
            found = coder.factory(tpe)
            if found is not None:
                return found
        return None

    @staticmethod
    def factory(tpe: Any) -> Optional["Coder"]:
        return None

    def encode(self, value: Any) -> Any:
        raise NotImplementedError

    def decode(self, value: Any) -> Any:
        raise NotImplementedError
