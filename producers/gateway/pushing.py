"""``POST /v1/pushes``: a push is taken."""

from fastapi import APIRouter

router = APIRouter()
