"""For a WSGI server of one's own choice: ``gunicorn wsgi:application``. `obektiv web` needs none."""

from app.context import AppContext
from app.settings import Settings
from app.web import create_app

application = create_app(AppContext.from_settings(Settings.from_env()))
