# pip install flask-restful
from flask import Flask
from flask_restful import Api, Resource, reqparse, abort
app = Flask(__name__)
api = Api(app)
ITEMS = {
1: {"id": 1, "name": "Widget", "price": 9.99},
2: {"id": 2, "name": "Gadget", "price": 24.99},
}
# Argument parser — validates request body fields
item_parser = reqparse.RequestParser()
item_parser.add_argument("name", type=str, required=True, help="name is required")
item_parser.add_argument("price", type=float, required=True, help="price is required")
class ItemList(Resource):
def get(self):
return list(ITEMS.values()), 200
def post(self):
args = item_parser.parse_args()
new_id = max(ITEMS.keys(), default=0) + 1
item = {"id": new_id, "name": args["name"], "price": args["price"]}
ITEMS[new_id] = item
return item, 201
class Item(Resource):
def get(self, item_id):
item = ITEMS.get(item_id)
if item is None:
abort(404, message=f"Item {item_id} not found")
return item, 200
def put(self, item_id):
item = ITEMS.get(item_id)
if item is None:
abort(404, message=f"Item {item_id} not found")
args = item_parser.parse_args()
item.update(args)
return item, 200
def delete(self, item_id):
if item_id not in ITEMS:
abort(404, message=f"Item {item_id} not found")
del ITEMS[item_id]
return "", 204
# Register resources with URL routes
api.add_resource(ItemList, "/api/items")
api.add_resource(Item, "/api/items/<int:item_id>")
if __name__ == "__main__":
app.run(debug=True)
