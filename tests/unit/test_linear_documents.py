"""What we ask Linear is what its schema allows: the sandbox's, and the whole one where it is."""

from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    parse,
    specified_scalar_types,
    validate,
)

from activities.clients import linear_documents
from sandbox.linear_schema import SCHEMA

WHOLE = Path(__file__).parents[3] / "shared" / "schemas" / "linear.schema.graphql"
DOCUMENTS = {
    name: text
    for name, text in vars(linear_documents).items()
    if isinstance(text, str) and text.lstrip().startswith(("query ", "mutation "))
}
each_document = pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)


@pytest.fixture(scope="module")
def whole() -> GraphQLSchema:
    """Linear's schema as it is published."""
    if not WHOLE.exists():
        pytest.skip("Linear's whole schema is not on this machine")
    return build_schema(WHOLE.read_text())


def test_there_are_documents_to_look_at() -> None:
    assert len(DOCUMENTS) == 18


@each_document
def test_each_document_fits_the_sandboxs_schema(text: str) -> None:
    assert validate(SCHEMA, parse(text)) == []


@each_document
def test_each_document_fits_linears_schema(text: str, whole: GraphQLSchema) -> None:
    assert validate(whole, parse(text)) == []


def test_each_document_is_one_operation_with_a_name_of_its_own() -> None:
    operations = [parse(text).definitions for text in DOCUMENTS.values()]
    names = []
    for definitions in operations:
        [operation] = definitions
        assert isinstance(operation, OperationDefinitionNode)
        assert operation.name is not None
        names.append(operation.name.value)

    assert len(set(names)) == len(names)


def test_the_sandboxs_schema_is_a_part_of_linears(whole: GraphQLSchema) -> None:
    there = {name.lower(): type_ for name, type_ in whole.type_map.items()}
    own = [t for n, t in SCHEMA.type_map.items() if not n.startswith("__")]

    for type_ in own:
        if type_.name in specified_scalar_types:
            continue
        if isinstance(type_, GraphQLScalarType | GraphQLEnumType):
            theirs = there[type_.name.lower()]
            assert set(getattr(type_, "values", ())) <= set(getattr(theirs, "values", ()))
            continue
        assert isinstance(type_, GraphQLObjectType | GraphQLInputObjectType)
        theirs = there[type_.name.lower()]
        assert isinstance(theirs, type(type_))
        for name, field in type_.fields.items():
            place = f"{type_.name}.{name}"
            assert str(field.type).lower() == str(theirs.fields[name].type).lower(), place
            for argument, given in getattr(field, "args", {}).items():
                wanted = theirs.fields[name].args[argument]
                assert str(given.type).lower() == str(wanted.type).lower(), f"{place}({argument})"


def test_an_input_asks_for_nothing_that_linear_does_not(whole: GraphQLSchema) -> None:
    for name in (
        "AgentActivityCreateInput",
        "CommentCreateInput",
        "IssueCreateInput",
        "IssueUpdateInput",
        "WebhookCreateInput",
    ):
        ours, theirs = SCHEMA.type_map[name], whole.type_map[name]
        assert isinstance(ours, GraphQLInputObjectType)
        assert isinstance(theirs, GraphQLInputObjectType)
        needed = {n for n, field in theirs.fields.items() if str(field.type).endswith("!")}

        assert needed <= set(ours.fields)
