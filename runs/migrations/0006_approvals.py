from django.db import migrations, models

# Of the runs that are there already. None of them asks yet: that began with this column.
COUNT = """
    UPDATE runs_run SET approvals = (
        SELECT COUNT(*) FROM runs_subtask s WHERE s.run_id = runs_run.id AND s.executor ->> 'name' = 'approval')
"""


class Migration(migrations.Migration):
    dependencies = [("runs", "0005_aging")]

    operations = [
        migrations.AddField(model_name="run", name="approvals", field=models.PositiveIntegerField(default=0)),
        migrations.AddField(model_name="run", name="asking", field=models.PositiveIntegerField(default=0)),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]
