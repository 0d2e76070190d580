'use strict';
// Loaded once before READY, so that loading a function's own module finds the machinery warm.
exports.handler = async (event) => ({ echo: event, list: [1, 2, 3], nested: { text: 'é' } });
