"""The Flask and Celery example with taskrow in place of Celery: a page with bars, and mail.

Two lines made the queue and were changed; they are marked. The rest is written as for Celery, with
the standard library in the place of Flask-Mail. In two shells:

    flask --app app run
    taskrow --app app worker
"""

from __future__ import annotations

import random
import smtplib
import time
from email.message import EmailMessage

from flask import Flask, flash, jsonify, redirect, render_template, request, session, url_for

from taskrow import TaskQueue

app = Flask(__name__)
app.config["SECRET_KEY"] = "top-secret!"

# Mail; without a server it is printed
app.config["MAIL_SERVER"] = None
app.config["MAIL_DEFAULT_SENDER"] = "flask@example.com"

# How long a step of the long task takes, in seconds
app.config["STEP_SECONDS"] = 1

# What Celery was told is still here and does no harm
app.config["CELERY_BROKER_URL"] = "redis://localhost:6379/0"
app.config["CELERY_RESULT_BACKEND"] = "redis://localhost:6379/0"

app.config.from_prefixed_env()

# was: celery = Celery(app.name, broker=app.config["CELERY_BROKER_URL"])
#      celery.conf.update(app.config)
celery = TaskQueue(app)


@celery.task
def send_async_email(email_data):
    """Send an email in the background."""
    mail = EmailMessage()
    mail["Subject"] = email_data["subject"]
    mail["From"] = app.config["MAIL_DEFAULT_SENDER"]
    mail["To"] = email_data["to"]
    mail.set_content(email_data["body"])
    with app.app_context():
        send(mail)


def send(mail):
    if app.config["MAIL_SERVER"] is None:
        print(mail, flush=True)
        return
    with smtplib.SMTP(app.config["MAIL_SERVER"]) as server:
        server.send_message(mail)


@celery.task(bind=True)
def long_task(self):
    """Pretend to work, and tell how it goes."""
    verbs = ["Starting up", "Booting", "Repairing", "Loading", "Checking"]
    adjectives = ["master", "radiant", "silent", "harmonic", "fast"]
    nouns = ["solar array", "particle reshaper", "cosmic ray", "orbiter", "bit"]
    phrase = ""
    total = random.randint(10, 50)
    for i in range(total):
        if not phrase or random.random() < 0.25:
            words = random.choice(verbs), random.choice(adjectives), random.choice(nouns)
            phrase = "{} {} {}...".format(*words)
        self.update_state(state="PROGRESS", meta={"current": i, "total": total, "status": phrase})
        time.sleep(app.config["STEP_SECONDS"])
    return {"current": 100, "total": 100, "status": "Task completed!", "result": 42}


@app.route("/", methods=["GET", "POST"])
def index():
    if request.method == "GET":
        return render_template("index.html", email=session.get("email", ""))
    email = request.form["email"]
    session["email"] = email

    email_data = {
        "subject": "Hello from Flask",
        "to": email,
        "body": "This is a test email sent from a background task.",
    }
    if request.form["submit"] == "Send":
        # at once
        send_async_email.delay(email_data)
        flash(f"Sending email to {email}")
    else:
        # in a minute
        send_async_email.apply_async(args=[email_data], countdown=60)
        flash(f"An email will be sent to {email} in one minute")

    return redirect(url_for("index"))


@app.route("/longtask", methods=["POST"])
def longtask():
    task = long_task.apply_async()
    return jsonify({}), 202, {"Location": url_for("taskstatus", task_id=task.id)}


@app.route("/status/<task_id>")
def taskstatus(task_id):
    task = long_task.AsyncResult(task_id)
    if task.state == "PENDING":
        # it has not started yet, or nobody knows it
        response = {"state": task.state, "current": 0, "total": 1, "status": "Pending..."}
    elif task.state != "FAILURE":
        response = {
            "state": task.state,
            "current": task.info.get("current", 0),
            "total": task.info.get("total", 1),
            "status": task.info.get("status", ""),
        }
        if "result" in task.info:
            response["result"] = task.info["result"]
    else:
        # something went wrong in the background: this is the exception that was raised
        response = {"state": task.state, "current": 1, "total": 1, "status": str(task.info)}
    return jsonify(response)


if __name__ == "__main__":
    app.run(debug=True)
