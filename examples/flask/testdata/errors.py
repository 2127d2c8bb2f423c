from flask import Flask, jsonify
from werkzeug.exceptions import HTTPException
app = Flask(__name__)
# Override specific error codes
@app.errorhandler(400)
def bad_request(e):
return jsonify({"error": "Bad request", "message": str(e)}), 400
@app.errorhandler(404)
def not_found(e):
return jsonify({"error": "Not found"}), 404
@app.errorhandler(405)
def method_not_allowed(e):
return jsonify({"error": "Method not allowed"}), 405
@app.errorhandler(500)
def internal_error(e):
return jsonify({"error": "Internal server error"}), 500
# Catch all HTTP exceptions (werkzeug HTTPException)
@app.errorhandler(HTTPException)
def handle_http_exception(e):
return jsonify({
"error": e.name,
"message": e.description,
"status": e.code,
}), e.code
# Catch all unhandled exceptions
@app.errorhandler(Exception)
def handle_exception(e):
# Log the error in production
app.logger.error(f"Unhandled exception: {e}", exc_info=True)
return jsonify({"error": "Internal server error"}), 500
