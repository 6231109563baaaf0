import io
from contextlib import redirect_stderr

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from jsonschema import Draft202012Validator

from tests.factories import Api
from todos.rest.document import make_document


def test_the_document_is_made_without_a_warning(db: None) -> None:
    said = io.StringIO()
    with redirect_stderr(said):
        make_document()
    assert said.getvalue() == ""
    assert not GENERATOR_STATS


def test_the_document_is_openapi_3_1(api: Api) -> None:
    response = api.get("schema/")
    assert response.json()["openapi"] == "3.1.0"
    assert response.headers["ETag"]
    for schema in response.json()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_of_the_document_leads_somewhere(api: Api) -> None:
    document = api.get("schema/").json()
    text = api.get("schema/").text
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in document["components"]["schemas"]


def test_operations_have_names_of_their_own(api: Api) -> None:
    paths = api.get("schema/").json()["paths"]
    names = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(names) == len(set(names))


OPEN = {"ItemIn", "ListIn"}  # the input of a tool as it is, whatever its version adds


def test_inputs_and_answers_are_closed(api: Api) -> None:
    for name, schema in api.get("schema/").json()["components"]["schemas"].items():
        if "properties" in schema and name not in OPEN:
            assert schema["additionalProperties"] is False, name


def test_the_page_of_the_document_has_no_inline_script(api: Api) -> None:
    page = api.client.get("/api/v1/docs/", headers=api.headers)
    assert page.status_code == 200
    assert "<style" not in page.text
    assert page.text.count("<script") == page.text.count('<script src="/')
    script = api.client.get("/api/v1/docs/?script=", headers=api.headers)
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert "/api/v1/schema/" in script.text


@pytest.mark.parametrize("path", ["/api/v1/docs/", "/api/v1/docs/?script=", "/api/v1/schema/"])
def test_the_document_is_not_for_everyone(db: None, path: str) -> None:
    response = Api().client.get(path)
    assert (response.status_code, response.headers["Content-Type"]) == (401, "application/problem+json")
