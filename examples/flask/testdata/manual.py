# Manual CORS headers (without flask-cors)
from flask import Flask, jsonify, request
app = Flask(__name__)
@app.after_request
def add_cors_headers(response):
response.headers["Access-Control-Allow-Origin"] = "https://app.example.com"
response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, DELETE, OPTIONS"
response.headers["Access-Control-Allow-Headers"] = "Content-Type, Authorization"
return response
# Handle preflight OPTIONS requests
@app.route("/api/<path:path>", methods=["OPTIONS"])
def options_handler(path):
return "", 204
