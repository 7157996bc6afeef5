"""``GET /v1/pushes/{id}/errors``: what was wrong with a push."""

from fastapi import APIRouter

router = APIRouter()
