from flask import Flask, jsonify
app = Flask(__name__)
@app.route("/api/status")
def status():
return jsonify({"status": "ok", "version": "1.0"})
# Returns:
# HTTP/1.1 200 OK
# Content-Type: application/json
# {"status": "ok", "version": "1.0"}
@app.route("/api/items")
def list_items():
items = [
{"id": 1, "name": "Widget", "price": 9.99},
{"id": 2, "name": "Gadget", "price": 24.99},
]
return jsonify(items)
# Pass keyword arguments directly
@app.route("/api/user/<int:user_id>")
def get_user(user_id):
return jsonify(id=user_id, name="Alice", active=True)
# → {"id": 1, "name": "Alice", "active": true}
from flask import Flask, jsonify, make_response
@app.route("/api/items", methods=["POST"])
def create_item():
# ... create the item ...
new_item = {"id": 42, "name": "New Widget"}
# Tuple return: (body, status_code)
return jsonify(new_item), 201
# Or with headers:
# return jsonify(new_item), 201, {"Location": "/api/items/42"}
@app.route("/api/items/<int:item_id>", methods=["DELETE"])
def delete_item(item_id):
# ... delete item ...
return "", 204 # No content — empty body with status 204
