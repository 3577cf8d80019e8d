"""The first schema."""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_accounts_name")),
    )
    op.create_table(
        "clusters",
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clusters")),
    )
    op.create_table(
        "evidence_heads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("length", BigId, nullable=False),
        sa.Column("chain_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_heads")),
    )
    op.create_table(
        "heartbeats",
        sa.Column("arrow", sa.String(length=32), nullable=False),
        sa.Column("worker", sa.String(length=64), nullable=False),
        sa.Column("beat_at", UtcDateTime(), nullable=False),
        sa.Column("every_seconds", sa.Double(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("arrow", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "raw_bodies",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("compressed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_raw_bodies")),
    )
    op.create_table(
        "sources",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("region", sa.String(length=100), nullable=True),
        sa.Column("pack", sa.String(length=64), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("fetch_articles", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("body_sha256", sa.String(length=64), nullable=True),
        sa.Column("full_fetch_at", UtcDateTime(), nullable=True),
        sa.Column("cursor", Json, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("state_since", UtcDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_polled_at", UtcDateTime(), nullable=True),
        sa.Column("last_success_at", UtcDateTime(), nullable=True),
        sa.Column("last_item_at", UtcDateTime(), nullable=True),
        sa.Column("next_due_at", UtcDateTime(), nullable=True),
        sa.Column("due_reason", sa.Text(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("claim_token", sa.String(length=32), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("quarantined_at", UtcDateTime(), nullable=True),
        sa.Column("quarantine_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("name", name=op.f("uq_sources_name")),
    )
    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.create_index("ix_sources_next_due_at", ["next_due_at"], unique=False)

    op.create_table(
        "stale_hours",
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("mark", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", name=op.f("pk_stale_hours")),
    )
    op.create_table(
        "tally_hours",
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("dimension", sa.String(length=12), nullable=False),
        sa.Column("value", sa.String(length=100), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("voices", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("label", "dimension", "value", "country", "hour", name=op.f("pk_tally_hours")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("tally_hours", schema=None) as batch_op:
        batch_op.create_index("ix_tally_hours_hour", ["hour"], unique=False)
        batch_op.create_index("ix_tally_hours_label", ["label", "dimension", "country", "hour", "value"], unique=False)

    op.create_table(
        "browser_sessions",
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_browser_sessions_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_browser_sessions")),
        sa.UniqueConstraint("sha256", name=op.f("uq_browser_sessions_sha256")),
    )
    op.create_table(
        "fetches",
        sa.Column("source_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("body_bytes", sa.Integer(), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("new_items", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("details", Json, nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_fetches_source_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fetches")),
    )
    with op.batch_alter_table("fetches", schema=None) as batch_op:
        batch_op.create_index("ix_fetches_source_id_at", ["source_id", "at"], unique=False)

    op.create_table(
        "items",
        sa.Column("source_id", BigId, nullable=False),
        sa.Column("external_id", sa.String(length=512), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("raw_sha256", sa.String(length=64), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_type", sa.String(length=16), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=True),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("fetched_at", UtcDateTime(), nullable=False),
        sa.Column("event_at", UtcDateTime(), nullable=False),
        sa.Column("gone_at", UtcDateTime(), nullable=True),
        sa.Column("extracted_at", UtcDateTime(), nullable=True),
        sa.Column("notes", Json, nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("claim_token", sa.String(length=32), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("quarantined_at", UtcDateTime(), nullable=True),
        sa.Column("quarantine_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["raw_sha256"], ["raw_bodies.sha256"], name=op.f("fk_items_raw_sha256")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_items_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sa.UniqueConstraint("source_id", "external_id", "version", name=op.f("uq_items_source_id_external_id_version")),
    )
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.create_index(
            "ix_items_quarantined_at",
            ["quarantined_at"],
            unique=False,
            sqlite_where=sa.text("quarantined_at IS NOT NULL"),
            postgresql_where=sa.text("quarantined_at IS NOT NULL"),
        )
        batch_op.create_index("ix_items_source_id_content_sha256", ["source_id", "content_sha256"], unique=False)
        batch_op.create_index("ix_items_waiting", ["extracted_at", "attempts", "id"], unique=False)

    op.create_table(
        "refusals",
        sa.Column("source_id", BigId, nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw_sha256", sa.String(length=64), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["raw_sha256"], ["raw_bodies.sha256"], name=op.f("fk_refusals_raw_sha256")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_refusals_source_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusals")),
    )
    with op.batch_alter_table("refusals", schema=None) as batch_op:
        batch_op.create_index("ix_refusals_source_id_at", ["source_id", "at"], unique=False)

    op.create_table(
        "rules",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("min_severity", sa.Integer(), nullable=False),
        sa.Column("signals", Json, nullable=False),
        sa.Column("filters", Json, nullable=False),
        sa.Column("parameters", Json, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", BigId, nullable=True),
        sa.Column("evaluated_until", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["accounts.id"], name=op.f("fk_rules_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
        sa.UniqueConstraint("name", name=op.f("uq_rules_name")),
    )
    op.create_table(
        "sign_in_links",
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sign_in_links_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_links")),
        sa.UniqueConstraint("sha256", name=op.f("uq_sign_in_links_sha256")),
    )
    op.create_table(
        "tokens",
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_tokens_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("sha256", name=op.f("uq_tokens_sha256")),
    )
    op.create_table(
        "webhooks",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("filters", Json, nullable=False),
        sa.Column("secret", sa.String(length=120), nullable=False),
        sa.Column("previous_secret", sa.String(length=120), nullable=True),
        sa.Column("previous_secret_until", UtcDateTime(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("failing_since", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", BigId, nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["accounts.id"], name=op.f("fk_webhooks_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "documents",
        sa.Column("item_id", BigId, nullable=False),
        sa.Column("source_id", BigId, nullable=False),
        sa.Column("cluster_id", BigId, nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_sha256", sa.String(length=64), nullable=False),
        sa.Column("extraction", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("region", sa.String(length=100), nullable=True),
        sa.Column("event_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("assessed_by", sa.String(length=100), nullable=True),
        sa.Column("unscored_reason", sa.Text(), nullable=True),
        sa.Column("notes", Json, nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("claim_token", sa.String(length=32), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("quarantined_at", UtcDateTime(), nullable=True),
        sa.Column("quarantine_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["cluster_id"], ["clusters.id"], name=op.f("fk_documents_cluster_id")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_documents_item_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_documents_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("item_id", name=op.f("uq_documents_item_id")),
    )
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.create_index("ix_documents_cluster_id", ["cluster_id", "event_at"], unique=False)
        batch_op.create_index(
            "ix_documents_quarantined_at",
            ["quarantined_at"],
            unique=False,
            sqlite_where=sa.text("quarantined_at IS NOT NULL"),
            postgresql_where=sa.text("quarantined_at IS NOT NULL"),
        )
        batch_op.create_index("ix_documents_source_id", ["source_id", "event_at"], unique=False)
        batch_op.create_index("ix_documents_text_sha256", ["text_sha256"], unique=False)
        batch_op.create_index(
            "ix_documents_unscored",
            ["current"],
            unique=False,
            sqlite_where=sa.text("unscored_reason IS NOT NULL"),
            postgresql_where=sa.text("unscored_reason IS NOT NULL"),
        )
        batch_op.create_index("ix_documents_waiting", ["assessed_by", "attempts", "id"], unique=False)

    op.create_table(
        "evidence_links",
        sa.Column("position", BigId, autoincrement=False, nullable=False),
        sa.Column("item_id", BigId, nullable=False),
        sa.Column("leaf_hash", sa.String(length=64), nullable=False),
        sa.Column("chain_hash", sa.String(length=64), nullable=False),
        sa.Column("linked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_evidence_links_item_id")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_evidence_links")),
        sa.UniqueConstraint("item_id", name=op.f("uq_evidence_links_item_id")),
    )
    op.create_table(
        "silences",
        sa.Column("rule_id", BigId, nullable=True),
        sa.Column("filters", Json, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", BigId, nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["accounts.id"], name=op.f("fk_silences_created_by")),
        sa.ForeignKeyConstraint(["rule_id"], ["rules.id"], name=op.f("fk_silences_rule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silences")),
    )
    op.create_table(
        "alerts",
        sa.Column("rule_id", BigId, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("group_key", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("last_event_at", UtcDateTime(), nullable=False),
        sa.Column("indicators", Json, nullable=False),
        sa.Column("details", Json, nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.Column("silenced_by", BigId, nullable=True),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_by", BigId, nullable=True),
        sa.Column("acknowledge_note", sa.Text(), nullable=True),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.Column("resolved_by", BigId, nullable=True),
        sa.Column("resolve_note", sa.Text(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["acknowledged_by"], ["accounts.id"], name=op.f("fk_alerts_acknowledged_by")),
        sa.ForeignKeyConstraint(["resolved_by"], ["accounts.id"], name=op.f("fk_alerts_resolved_by")),
        sa.ForeignKeyConstraint(["rule_id"], ["rules.id"], name=op.f("fk_alerts_rule_id")),
        sa.ForeignKeyConstraint(["silenced_by"], ["silences.id"], name=op.f("fk_alerts_silenced_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.create_index("ix_alerts_rule_id", ["rule_id", "group_key"], unique=False)
        batch_op.create_index("ix_alerts_state", ["state", "id"], unique=False)
        batch_op.create_index(
            "uq_alerts_rule_id_group_key_unresolved",
            ["rule_id", "group_key"],
            unique=True,
            sqlite_where=sa.text("state <> 'resolved'"),
            postgresql_where=sa.text("state <> 'resolved'"),
        )

    op.create_table(
        "assessments",
        sa.Column("document_id", BigId, nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("assessed_at", UtcDateTime(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("source_id", BigId, nullable=False),
        sa.Column("cluster_id", BigId, nullable=False),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("region", sa.String(length=100), nullable=True),
        sa.Column("event_at", UtcDateTime(), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("language_confidence", sa.Double(), nullable=False),
        sa.Column("flag", sa.Boolean(), nullable=False),
        sa.Column("abstained", sa.Boolean(), nullable=False),
        sa.Column("abstain_reason", sa.Text(), nullable=True),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("stance", sa.String(length=16), nullable=False),
        sa.Column("signals", Json, nullable=False),
        sa.Column("pathways", Json, nullable=False),
        sa.Column("targets", Json, nullable=False),
        sa.Column("target_names", Json, nullable=False),
        sa.Column("passages", Json, nullable=False),
        sa.Column("details", Json, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("flagged_now", sa.Boolean(), nullable=False),
        sa.Column("ruled_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["cluster_id"], ["clusters.id"], name=op.f("fk_assessments_cluster_id")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_assessments_document_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_assessments_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
        sa.UniqueConstraint("document_id", "model", name=op.f("uq_assessments_document_id_model")),
    )
    with op.batch_alter_table("assessments", schema=None) as batch_op:
        batch_op.create_index(
            "ix_assessments_abstained", ["abstained", "current", "status", "severity", "id"], unique=False
        )
        batch_op.create_index("ix_assessments_cluster_id", ["cluster_id", "event_at"], unique=False)
        batch_op.create_index("ix_assessments_country", ["country", "id"], unique=False)
        batch_op.create_index("ix_assessments_country_severity", ["country", "current", "severity", "id"], unique=False)
        batch_op.create_index("ix_assessments_document_id", ["document_id", "current"], unique=False)
        batch_op.create_index("ix_assessments_event_at", ["current", "event_at"], unique=False)
        batch_op.create_index("ix_assessments_language", ["language", "current", "severity", "id"], unique=False)
        batch_op.create_index("ix_assessments_newest", ["current", "id"], unique=False)
        batch_op.create_index(
            "ix_assessments_queue", ["current", "flagged_now", "status", "severity", "id"], unique=False
        )
        batch_op.create_index("ix_assessments_severity", ["current", "severity", "id"], unique=False)
        batch_op.create_index("ix_assessments_source_id", ["source_id", "id"], unique=False)
        batch_op.create_index(
            "ix_assessments_source_severity", ["source_id", "current", "severity", "id"], unique=False
        )
        batch_op.create_index("ix_assessments_stance", ["stance", "current", "severity", "id"], unique=False)
        batch_op.create_index("ix_assessments_status", ["status", "current", "severity", "id"], unique=False)
        batch_op.create_index("ix_assessments_unruled", ["ruled_at", "id"], unique=False)

    op.create_table(
        "bands",
        sa.Column("band", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("document_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_bands_document_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("band", "digest", "document_id", name=op.f("pk_bands")),
    )
    with op.batch_alter_table("bands", schema=None) as batch_op:
        batch_op.create_index("ix_bands_document_id", ["document_id"], unique=False)

    op.create_table(
        "alert_assessments",
        sa.Column("alert_id", BigId, nullable=False),
        sa.Column("assessment_id", BigId, nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_alert_assessments_alert_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], name=op.f("fk_alert_assessments_assessment_id")),
        sa.PrimaryKeyConstraint("alert_id", "assessment_id", name=op.f("pk_alert_assessments")),
    )
    with op.batch_alter_table("alert_assessments", schema=None) as batch_op:
        batch_op.create_index("ix_alert_assessments_assessment_id", ["assessment_id"], unique=False)

    op.create_table(
        "deliveries",
        sa.Column("webhook_id", BigId, nullable=False),
        sa.Column("alert_id", BigId, nullable=True),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("delivered_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("claim_token", sa.String(length=32), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("quarantined_at", UtcDateTime(), nullable=True),
        sa.Column("quarantine_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_deliveries_alert_id")),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_deliveries_webhook_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("message_id", name=op.f("uq_deliveries_message_id")),
        sa.UniqueConstraint("webhook_id", "alert_id", "event", name=op.f("uq_deliveries_webhook_id_alert_id_event")),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index("ix_deliveries_due", ["state", "next_attempt_at"], unique=False)

    op.create_table(
        "marks",
        sa.Column("assessment_id", BigId, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("basis", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_marks_assessment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("assessment_id", "kind", "key", name=op.f("pk_marks")),
    )
    with op.batch_alter_table("marks", schema=None) as batch_op:
        batch_op.create_index("ix_marks_key_id", ["kind", "key", "assessment_id"], unique=False)
        batch_op.create_index("ix_marks_key_severity", ["kind", "key", "severity", "assessment_id"], unique=False)

    op.create_table(
        "reviews",
        sa.Column("assessment_id", BigId, nullable=False),
        sa.Column("reviewer_id", BigId, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("signals", Json, nullable=True),
        sa.Column("stage", sa.Integer(), nullable=True),
        sa.Column("stance", sa.String(length=16), nullable=True),
        sa.Column("targets", Json, nullable=True),
        sa.Column("target_names", Json, nullable=True),
        sa.Column("worksheet", Json, nullable=False),
        sa.Column("tier", sa.String(length=24), nullable=True),
        sa.Column("hallmarks", Json, nullable=False),
        sa.Column("indicators", Json, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], name=op.f("fk_reviews_assessment_id")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["accounts.id"], name=op.f("fk_reviews_reviewer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.create_index("ix_reviews_assessment_id", ["assessment_id", "id"], unique=False)

    op.create_table(
        "delivery_attempts",
        sa.Column("delivery_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("response_excerpt", sa.Text(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_delivery_attempts_delivery_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempts")),
    )
    with op.batch_alter_table("delivery_attempts", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_attempts_delivery_id", ["delivery_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("delivery_attempts", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_attempts_delivery_id")

    op.drop_table("delivery_attempts")
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.drop_index("ix_reviews_assessment_id")

    op.drop_table("reviews")
    with op.batch_alter_table("marks", schema=None) as batch_op:
        batch_op.drop_index("ix_marks_key_severity")
        batch_op.drop_index("ix_marks_key_id")

    op.drop_table("marks")
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index("ix_deliveries_due")

    op.drop_table("deliveries")
    with op.batch_alter_table("alert_assessments", schema=None) as batch_op:
        batch_op.drop_index("ix_alert_assessments_assessment_id")

    op.drop_table("alert_assessments")
    with op.batch_alter_table("bands", schema=None) as batch_op:
        batch_op.drop_index("ix_bands_document_id")

    op.drop_table("bands")
    with op.batch_alter_table("assessments", schema=None) as batch_op:
        batch_op.drop_index("ix_assessments_unruled")
        batch_op.drop_index("ix_assessments_status")
        batch_op.drop_index("ix_assessments_stance")
        batch_op.drop_index("ix_assessments_source_severity")
        batch_op.drop_index("ix_assessments_source_id")
        batch_op.drop_index("ix_assessments_severity")
        batch_op.drop_index("ix_assessments_queue")
        batch_op.drop_index("ix_assessments_newest")
        batch_op.drop_index("ix_assessments_language")
        batch_op.drop_index("ix_assessments_event_at")
        batch_op.drop_index("ix_assessments_document_id")
        batch_op.drop_index("ix_assessments_country_severity")
        batch_op.drop_index("ix_assessments_country")
        batch_op.drop_index("ix_assessments_cluster_id")
        batch_op.drop_index("ix_assessments_abstained")

    op.drop_table("assessments")
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_alerts_rule_id_group_key_unresolved",
            sqlite_where=sa.text("state <> 'resolved'"),
            postgresql_where=sa.text("state <> 'resolved'"),
        )
        batch_op.drop_index("ix_alerts_state")
        batch_op.drop_index("ix_alerts_rule_id")

    op.drop_table("alerts")
    op.drop_table("silences")
    op.drop_table("evidence_links")
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.drop_index("ix_documents_waiting")
        batch_op.drop_index(
            "ix_documents_unscored",
            sqlite_where=sa.text("unscored_reason IS NOT NULL"),
            postgresql_where=sa.text("unscored_reason IS NOT NULL"),
        )
        batch_op.drop_index("ix_documents_text_sha256")
        batch_op.drop_index("ix_documents_source_id")
        batch_op.drop_index(
            "ix_documents_quarantined_at",
            sqlite_where=sa.text("quarantined_at IS NOT NULL"),
            postgresql_where=sa.text("quarantined_at IS NOT NULL"),
        )
        batch_op.drop_index("ix_documents_cluster_id")

    op.drop_table("documents")
    op.drop_table("webhooks")
    op.drop_table("tokens")
    op.drop_table("sign_in_links")
    op.drop_table("rules")
    with op.batch_alter_table("refusals", schema=None) as batch_op:
        batch_op.drop_index("ix_refusals_source_id_at")

    op.drop_table("refusals")
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.drop_index("ix_items_waiting")
        batch_op.drop_index("ix_items_source_id_content_sha256")
        batch_op.drop_index(
            "ix_items_quarantined_at",
            sqlite_where=sa.text("quarantined_at IS NOT NULL"),
            postgresql_where=sa.text("quarantined_at IS NOT NULL"),
        )

    op.drop_table("items")
    with op.batch_alter_table("fetches", schema=None) as batch_op:
        batch_op.drop_index("ix_fetches_source_id_at")

    op.drop_table("fetches")
    op.drop_table("browser_sessions")
    with op.batch_alter_table("tally_hours", schema=None) as batch_op:
        batch_op.drop_index("ix_tally_hours_label")
        batch_op.drop_index("ix_tally_hours_hour")

    op.drop_table("tally_hours")
    op.drop_table("stale_hours")
    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.drop_index("ix_sources_next_due_at")

    op.drop_table("sources")
    op.drop_table("raw_bodies")
    op.drop_table("heartbeats")
    op.drop_table("evidence_heads")
    op.drop_table("clusters")
    op.drop_table("accounts")
