from flask import Flask
app = Flask(__name__)
# Flask 2.2+ — return dict directly, no jsonify() needed
@app.route("/api/status")
def status():
return {"status": "ok", "uptime": 99.9}
# Return list directly
@app.route("/api/tags")
def tags():
return ["python", "flask", "json", "rest"]
# Set status code with a tuple — dict + status code
@app.route("/api/items", methods=["POST"])
def create_item():
# ... process request ...
return {"id": 42, "name": "New Widget", "created": True}, 201
# Set headers too — dict + status code + headers dict
@app.route("/api/items/<int:item_id>", methods=["DELETE"])
def delete_item(item_id):
# ... delete item ...
return {}, 204
# Note: for custom objects or datetimes, still convert manually
from datetime import datetime, timezone
@app.route("/api/time")
def current_time():
return {
"utc": datetime.now(timezone.utc).isoformat(), # Convert datetime to string
"timestamp": datetime.now(timezone.utc).timestamp(),
}
