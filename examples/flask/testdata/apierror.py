class APIError(Exception):
def __init__(self, message, status_code=400, payload=None):
super().__init__(message)
self.message = message
self.status_code = status_code
self.payload = payload
@app.errorhandler(APIError)
def handle_api_error(e):
response = {"error": e.message}
if e.payload:
response["details"] = e.payload
return jsonify(response), e.status_code
# Raise it anywhere in your views:
@app.route("/api/items/<int:item_id>")
def get_item(item_id):
item = find_item(item_id)
if item is None:
raise APIError("Item not found", status_code=404)
return jsonify(item)
