"""``GET /v1/pushes/{id}``: what came of a push."""

from fastapi import APIRouter

router = APIRouter()
