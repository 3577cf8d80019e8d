"""The end of the evidence chain, to be kept elsewhere: it shows later that nothing before it was changed or cut off."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select

from api.dependencies import Reader, ReadSession
from api.problems import describe_failures
from models.evidence import EvidenceHead

router = APIRouter(prefix="/v1/evidence", tags=["evidence"])


class Checkpoint(BaseModel):
    """Length and head of the chain. It carries no signature yet."""

    length: int = Field(description="Items in the chain.")
    chain_hash: str = Field(description="Each link is SHA-256(previous chain_hash + leaf_hash), both as hex text.")


@router.get("/checkpoint", summary="The chain's head", responses=describe_failures(401, 403))
def checkpoint(_who: Reader, session: ReadSession) -> Checkpoint:
    """Return how long the chain is and where it ends; `tocsin verify` compares the rows with it."""
    head = session.scalars(select(EvidenceHead)).one_or_none()
    return Checkpoint(length=head.length if head else 0, chain_hash=head.chain_hash if head else "0" * 64)
