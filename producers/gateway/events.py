"""``GET /v1/events``: what became of pushes, by a cursor."""

from fastapi import APIRouter

router = APIRouter()
