"""The OpenAPI document, from what the operations declare. drf-spectacular walks the URLs and keeps the components."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, get_args, get_origin

import uritemplate
from django.urls.converters import get_converters
from drf_spectacular.drainage import warn
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from typing_extensions import is_typeddict

from todos.rest.answering import JSON, PROBLEM
from todos.rest.answers import Problem
from todos.rest.operation import Operation, Raw, operation_of

Json = dict[str, Any]

_REFERENCE = "#/components/schemas/{model}"
_ANYWHERE = (401, 403, 404, 406, 503)
_OF_BODIES = (400, 413, 415, 422)


class _Untitled(GenerateJsonSchema):
    """Fields are titled by their names; saying it twice only makes the document longer."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


class OperationSchema(AutoSchema):
    """Describes one operation of an Endpoint; anything that is none is left out."""

    @property
    def operation(self) -> Operation | None:
        return operation_of(self.view, self.method)

    @property
    def declared(self) -> Operation:
        assert self.operation is not None
        return self.operation

    def is_excluded(self) -> bool:
        return self.operation is None

    def get_operation_id(self) -> str:
        words = re.sub(r"\W+", "_", self.path.removeprefix("/api/v1/")).strip("_")
        return f"{self.method.lower()}_{words}"

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").partition("/")[0]]

    def get_extensions(self) -> Json:
        return {"x-scopes": sorted(self.declared.scopes_for(self.method))}

    def _get_parameters(self) -> list[Json]:
        return [*self._of_path(), *self._of_query(), *self._of_headers()]

    def _of_path(self) -> Iterable[Json]:
        kinds = dict(re.findall(r"<(\w+):(\w+)>", self.path_regex))
        converters = {name: get_converters()[kind] for kind, name in kinds.items()}
        for name in uritemplate.variables(self.path):
            schema = {"type": "string", "pattern": f"^{converters[name].regex}$"}
            yield {"name": name, "in": "path", "required": True, "schema": schema}

    def _of_query(self) -> Iterable[Json]:
        if self.declared.query is None:
            return
        model = self._resolved(self.declared.query, "validation")
        for name, schema in model.get("properties", {}).items():
            parameter = {"name": name, "in": "query", "schema": _without_null(schema)}
            if name in model.get("required", ()):
                parameter["required"] = True
            if parameter["schema"].get("type") == "array":
                parameter |= {"style": "form", "explode": False}
            yield parameter

    def _of_headers(self) -> Iterable[Json]:
        text = {"type": "string"}
        if self.method == "POST":
            schema = text | {"minLength": 1, "maxLength": 200}
            yield {"name": "Idempotency-Key", "in": "header", "schema": schema}
        if self.method == "GET" and self.declared.version is not None:
            yield {"name": "If-None-Match", "in": "header", "schema": text}
        if 412 in self.declared.refusals:
            yield {"name": "If-Match", "in": "header", "schema": text}

    def _get_request_body(self, direction: Any = "request") -> Json | None:
        if self.declared.body is None:
            return None
        schema = self._schema(self.declared.body, "validation")
        if self.declared.many:
            schema = {"anyOf": [schema, {"type": "array", "items": schema}]}
        return {"content": {JSON: {"schema": schema}}, "required": bool(self._needed())}

    def _needed(self) -> list[str]:
        """The fields that a body must have: without any, it may be left out."""
        return [name for name, field in self.declared.body.model_fields.items() if field.is_required()]

    def _get_response_bodies(self, direction: Any = "response") -> Json:
        found = {str(status): self._answer(status, kind) for status, kind in self.declared.answers.items()}
        if self.declared.version is not None:
            found["304"] = _described(304)
        problem = {"content": {PROBLEM: {"schema": self._schema(Problem, "serialization")}}}
        for status in self._refusals():
            found[str(status)] = _described(status) | problem
        return dict(sorted(found.items()))

    def _refusals(self) -> set[int]:
        found = {*_ANYWHERE, *self.declared.refusals}
        if self.declared.body is not None:
            found |= set(_OF_BODIES)
        if self.declared.query is not None or self.method == "POST":
            found.add(422)
        return found

    def _answer(self, status: int, kind: Any) -> Json:
        if kind is None:
            return _described(status)
        if isinstance(kind, Raw):
            text = {"schema": {"type": "string"}}
            first = text if kind.kind is None else {"schema": self._schema(kind.kind, "serialization")}
            return _described(status) | {"content": {kind.media_type: first} | dict.fromkeys(kind.others, text)}
        return _described(status) | {"content": {JSON: {"schema": self._schema(kind, "serialization")}}}

    def _schema(self, kind: Any, mode: JsonSchemaMode) -> Json:
        """The JSON Schema of a type. Types that have a name become components, and references to them."""
        schema, name = self._resolved(kind, mode), _name(kind)
        if name is None or "$ref" in schema:
            return schema
        return {"$ref": self._keep(name, schema)}

    def _resolved(self, kind: Any, mode: JsonSchemaMode) -> Json:
        schema = TypeAdapter(kind).json_schema(ref_template=_REFERENCE, mode=mode, schema_generator=_Untitled)
        for name, part in schema.pop("$defs", {}).items():
            self._keep(name, part)
        return schema

    def _keep(self, name: str, schema: Json) -> str:
        component = ResolvedComponent(name, ResolvedComponent.SCHEMA, schema, name)  # type: ignore[no-untyped-call]
        self.registry.register_on_missing(component)
        if self.registry[component].schema != schema:
            warn(f"two types are called {name}")
        return _REFERENCE.format(model=name)


def _name(kind: Any) -> str | None:
    """`Page[Row]` is called Page_Row; unions, lists and plain types have no name."""
    named = get_origin(kind) or kind
    if not (isinstance(named, type) and (is_typeddict(named) or issubclass(named, BaseModel))):
        return None
    return "_".join([named.__name__, *(part.__name__ for part in get_args(kind))])


def _described(status: int) -> Json:
    return {"description": HTTPStatus(status).phrase}


def _without_null(schema: Json) -> Json:
    """A query string has no null: a parameter that may be null is one that may be left out."""
    kept = [branch for branch in schema.get("anyOf", ()) if branch != {"type": "null"}]
    if len(kept) != 1:
        return schema
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    return kept[0] | rest
