# pip install flask-cors
from flask import Flask, jsonify
from flask_cors import CORS
app = Flask(__name__)
# Allow all origins (development only — don't use in production for auth endpoints)
CORS(app)
# Restrict to specific origins
CORS(app, origins=["https://app.example.com", "https://example.com"])
# Per-route CORS with different settings
CORS(app, resources={
r"/api/public/*": {"origins": "*"},
r"/api/private/*": {"origins": "https://app.example.com"},
})
# Allow specific headers and methods
CORS(app, origins="https://app.example.com",
methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"],
allow_headers=["Content-Type", "Authorization"])
@app.route("/api/data")
def get_data():
return jsonify({"result": "data here"})
