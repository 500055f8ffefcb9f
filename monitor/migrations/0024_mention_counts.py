from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitor', '0023_mail_and_budgets'),
    ]

    operations = [
        migrations.AddField(
            model_name='daycounts',
            name='mentions',
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name='daycounts',
            name='judgings',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        # every run is counted anew by the sweeper: what its mentions say is counted too now
        migrations.RunSQL('UPDATE monitor_run SET rolled_up_at = NULL', migrations.RunSQL.noop),
    ]
