from django.db import migrations, models

# Of the runs that are there already; none that has ended has such a subtask.
COUNT = """
    UPDATE runs_run SET outside = (
        SELECT COUNT(*) FROM runs_subtask s WHERE s.run_id = runs_run.id AND s.status = 'pending' AND s.unmet = 0
        AND s.not_before IS NULL AND s.executor IS NULL)
    WHERE status IN ('pending', 'running', 'paused')
"""


class Migration(migrations.Migration):
    dependencies = [("runs", "0001_initial")]

    operations = [
        migrations.AddField(model_name="run", name="outside", field=models.PositiveIntegerField(default=0)),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]
