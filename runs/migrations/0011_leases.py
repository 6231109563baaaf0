import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

# What has no executor is for agents from outside, as it was before there was a word for it. Agents there are have no
# parent: they stand at the top.
MODES = "UPDATE runs_subtask SET mode = 'external' WHERE executor IS NULL"
DEPTHS = "UPDATE runs_agent SET depth = 1"


class Migration(migrations.Migration):
    dependencies = [("runs", "0010_pools")]

    operations = [
        migrations.AddField(
            model_name="subtask",
            name="mode",
            field=models.CharField(
                choices=[("internal", "internal"), ("external", "external"), ("hybrid", "hybrid")],
                default="internal",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="subtask",
            name="question",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddField(model_name="run", name="questions", field=models.PositiveIntegerField(default=0)),
        migrations.AlterField(model_name="agent", name="depth", field=models.PositiveSmallIntegerField(default=1)),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("token__isnull", False)), fields=["token", "run"], name="attempt_by_token"
            ),
        ),
        migrations.RunSQL([MODES, DEPTHS], migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Command",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "command",
                    models.CharField(
                        choices=[("cancel", "Cancel"), ("pause", "Pause"), ("message", "Message")], max_length=8
                    ),
                ),
                ("priority", models.PositiveSmallIntegerField(default=3)),
                ("data", models.JSONField(null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "agent",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="runs.agent",
                    ),
                ),
                (
                    "command",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="runs.command"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "constraints": [models.UniqueConstraint(fields=("agent", "command"), name="command_once_per_agent")],
            },
        ),
    ]
