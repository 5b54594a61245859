exports.module = module;
