// The measured function: as small as a function that reads its event and answers can be.
exports.handler = async (event) => ({ greeting: "Hello, " + event.name, token: event.token });
