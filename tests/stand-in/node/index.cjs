'use strict';

const { startStandIn } = require('./lib/stand-in.cjs');

module.exports = { startStandIn };
