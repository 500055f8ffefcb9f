from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitor', '0024_mention_counts'),
    ]

    operations = [
        migrations.AddField(
            model_name='daycounts',
            name='places',
            field=models.BinaryField(null=True),
        ),
        # every run is counted anew by the sweeper: at which places of lists brands stand is counted too now
        migrations.RunSQL('UPDATE monitor_run SET rolled_up_at = NULL', migrations.RunSQL.noop),
    ]
