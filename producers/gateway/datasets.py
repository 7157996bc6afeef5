"""``GET /v1/schools/{code}/datasets``: where a school's data stand."""

from fastapi import APIRouter

router = APIRouter()
