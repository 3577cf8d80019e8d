"""Searches of the queue that a reviewer keeps under a name; what they find is the queue's business."""

from fastapi import APIRouter, Request, Response
from sqlalchemy import delete, func, select

from api.console.desk import At, ConsoleRoute, Posted, one
from api.console.narrowing import read_narrowing
from api.console.rendering import see_other
from api.console.translation import gettext as _
from api.dependencies import AllSessions, Id, Now
from api.errors import Invalid
from models.database import writing
from models.review import SavedSearch

LONGEST_NAME = 100
MOST = 50

router = APIRouter(route_class=ConsoleRoute)


@router.post("/queue/searches")
def keep(request: Request, at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Keep the search in the address under a name; a name that was taken already stands for the new one."""
    name = " ".join(one(form, "name").split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(
            _("a search needs a name of 1 to %(most)s characters; go back and give it one", most=LONGEST_NAME)
        )
    query = read_narrowing(request.query_params).query()
    with writing(sessions) as session:
        own = select(SavedSearch).where(SavedSearch.account_id == at.account_id)
        known = session.scalars(own.where(SavedSearch.name == name)).one_or_none()
        if known is not None:
            known.query = query
        elif (session.scalar(select(func.count()).select_from(own.subquery())) or 0) >= MOST:
            raise Invalid(_("%(count)s searches are kept already; remove one first", count=MOST))
        else:
            session.add(SavedSearch(account_id=at.account_id, name=name, query=query, created_at=now))
    return see_other(f"/queue{query}")


@router.post("/queue/searches/{search_id}")
def remove(request: Request, search_id: Id, at: At, form: Posted, sessions: AllSessions) -> Response:
    """Forget one of one's own searches."""
    del form  # it has been checked
    with writing(sessions) as session:
        session.execute(delete(SavedSearch).where(SavedSearch.id == search_id, SavedSearch.account_id == at.account_id))
    return see_other(f"/queue{read_narrowing(request.query_params).query()}")
