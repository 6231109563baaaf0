import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0002_outside_agents"),
        ("todos", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("file", "file"), ("api", "api"), ("database", "database"), ("memory", "memory")],
                        max_length=8,
                    ),
                ),
                ("name", models.CharField(max_length=500)),
                ("mode", models.CharField(max_length=5)),
                ("amount", models.PositiveIntegerField()),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Resource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("file", "file"), ("api", "api"), ("database", "database"), ("memory", "memory")],
                        max_length=8,
                    ),
                ),
                ("name", models.CharField(max_length=500)),
                ("capacity", models.PositiveIntegerField(null=True)),
                ("per_second", models.FloatField(null=True)),
                ("tokens", models.FloatField(null=True)),
                ("refilled_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="subtask",
            name="subtask_ready_by_rank",
        ),
        migrations.AddField(
            model_name="run",
            name="claiming",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="run",
            name="held_back",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="run",
            name="open_undeclared",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="run",
            name="rate_limited",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="subtask",
            name="claims_group",
            field=models.CharField(blank=True, default="", max_length=32),
        ),
        migrations.AddField(
            model_name="subtask",
            name="waits_claim",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="subtask",
            name="waits_for",
            field=models.CharField(blank=True, default="", max_length=10),
        ),
        migrations.AddField(
            model_name="subtask",
            name="waits_key",
            field=models.CharField(blank=True, default="", max_length=520),
        ),
        migrations.AddField(
            model_name="subtask",
            name="waits_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="subtask",
            name="waits_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="subtask",
            index=models.Index(
                models.F("run"),
                models.F("lane"),
                models.F("priority"),
                models.OrderBy(models.F("remaining_seconds"), descending=True),
                models.F("position"),
                condition=models.Q(("not_before", None), ("status", "pending"), ("unmet", 0), ("waits_for", "")),
                name="subtask_ready_by_rank",
            ),
        ),
        migrations.AddIndex(
            model_name="subtask",
            index=models.Index(
                condition=models.Q(("waits_for__in", ["rate_limit", "resource"])),
                fields=["waits_key"],
                name="subtask_waits_key",
            ),
        ),
        migrations.AddIndex(
            model_name="subtask",
            index=models.Index(
                condition=models.Q(("waits_until__isnull", False)), fields=["waits_until"], name="subtask_waits_until"
            ),
        ),
        migrations.AddIndex(
            model_name="subtask",
            index=models.Index(
                condition=models.Q(("waits_since__isnull", False), models.Q(("waits_key", "twin"), _negated=True)),
                fields=["waits_since"],
                name="subtask_waits_since",
            ),
        ),
        migrations.AddIndex(
            model_name="subtask",
            index=models.Index(
                models.F("claims_group"),
                models.F("waits_key"),
                models.F("priority"),
                models.OrderBy(models.F("remaining_seconds"), descending=True),
                models.F("position"),
                condition=models.Q(("status", "pending"), ("unmet", 0), models.Q(("claims_group", ""), _negated=True)),
                name="subtask_twins",
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="attempt",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="holds", to="runs.attempt"
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="run",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="runs.run"),
        ),
        migrations.AddField(
            model_name="hold",
            name="subtask",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="runs.subtask"
            ),
        ),
        migrations.AddConstraint(
            model_name="resource",
            constraint=models.UniqueConstraint(fields=("kind", "name"), name="resource_once"),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.UniqueConstraint(fields=("attempt", "kind", "name"), name="hold_once"),
        ),
    ]
