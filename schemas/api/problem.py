"""What every error of the HTTP APIs looks like: RFC 9457, `application/problem+json`."""

from pydantic import Field

from schemas.base import Schema
from schemas.sensitivity import Word


class FieldProblem(Schema):
    """One thing that is wrong with what was sent."""

    pointer: Word = Field(max_length=512, description="where: a JSON Pointer (RFC 6901)", examples=["/places"])
    message: Word = Field(max_length=512, description="what is wrong, and what would be right; never the value itself")


class Problem(Schema):
    """Why a request was refused or failed, and what to do about it."""

    type: Word = Field(
        "about:blank",
        max_length=512,
        description="a URI that names this kind of problem; about:blank means no more than the status says",
        examples=["urn:problem-type:doorstroom:invalid-input"],
    )
    title: Word = Field(max_length=200, description="the same for every problem of this kind")
    status: int = Field(ge=400, le=599, description="the HTTP status")
    detail: Word = Field(max_length=4096, description="about this occurrence: what was wrong, and what to do")
    instance: Word | None = Field(None, max_length=512, description="a URI reference to this occurrence")
    errors: list[FieldProblem] = Field(default_factory=list, max_length=100, description="all wrong fields together")
