from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0018_lent_tokens"),
    ]

    operations = [
        migrations.AlterField(
            model_name="checkpoint",
            name="point",
            field=models.PositiveIntegerField(),
        ),
        migrations.AddField(
            model_name="checkpoint",
            name="judged",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="checkpoint",
            name="speedup",
            field=models.FloatField(null=True),
        ),
    ]
