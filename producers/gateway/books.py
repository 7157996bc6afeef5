"""Rules, code lists, layouts and the API's own description: what anybody may read."""

from fastapi import APIRouter

router = APIRouter()
