from flask import Flask, request, jsonify
app = Flask(__name__)
@app.route("/api/items", methods=["POST"])
def create_item():
# Requires Content-Type: application/json header
data = request.get_json()
if data is None:
return jsonify({"error": "Request body must be JSON"}), 400
name = data.get("name")
price = data.get("price")
if not name or price is None:
return jsonify({"error": "name and price are required"}), 422
# Process and return the created resource
item = {"id": 99, "name": name, "price": price}
return jsonify(item), 201
