from flask import Flask, jsonify, request
ITEMS = {}
@app.route("/api/items/<int:item_id>", methods=["GET", "PUT", "PATCH", "DELETE"])
def item_detail(item_id):
item = ITEMS.get(item_id)
if request.method == "GET":
if item is None:
return jsonify({"error": "Item not found"}), 404
return jsonify(item), 200 # 200 is the default but explicit is fine
if request.method in ("PUT", "PATCH"):
if item is None:
return jsonify({"error": "Item not found"}), 404
data = request.get_json(force=True, silent=True) or {}
item.update(data)
ITEMS[item_id] = item
return jsonify(item), 200
if request.method == "DELETE":
if item is None:
return jsonify({"error": "Item not found"}), 404
del ITEMS[item_id]
return "", 204 # 204 No Content — no response body
# Common status codes for REST JSON APIs:
# 200 OK — successful GET, PUT, PATCH
# 201 Created — successful POST (resource created)
# 204 No Content — successful DELETE
# 400 Bad Request — malformed request / missing fields
# 401 Unauthorized — authentication required
# 403 Forbidden — authenticated but not allowed
# 404 Not Found — resource does not exist
# 422 Unprocessable Entity — validation failure
# 500 Internal Server Error — unexpected server error
