from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0020_agent_dismissed"),
    ]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="worked_seconds",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="subtask",
            name="usual_seconds",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="usual_work",
            field=models.FloatField(default=0, null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="usual_took",
            field=models.FloatField(default=0),
        ),
        # Of what was counted before, nobody can tell what it was made of.
        migrations.RunSQL("UPDATE runs_run SET usual_work = NULL", migrations.RunSQL.noop),
    ]
