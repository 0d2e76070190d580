// Behind an API: the query's token, sent back as an AWS_PROXY integration wants it.
exports.handler = async (event) => ({
  statusCode: 200,
  body: JSON.stringify({ token: event.queryStringParameters.token }),
});
