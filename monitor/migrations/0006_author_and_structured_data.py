from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitor", "0005_redirects")]

    operations = [
        migrations.AddField("pageversion", "author", models.TextField(blank=True, default="")),
        migrations.AddField("pageversion", "structured", models.JSONField(default=dict)),
    ]
