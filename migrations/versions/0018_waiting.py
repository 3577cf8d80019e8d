"""An index on what waits for review in the order of arrival.

Without it "the longest waiting first" walks past everything that was ever reviewed, and the overview sorts the queue.

Revision ID: 0018
Revises: 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_assessments_waiting", "assessments", ["current", "flagged_now", "status", "id"])


def downgrade() -> None:
    op.drop_index("ix_assessments_waiting", table_name="assessments")
