// Servers that have no option for it listen on this machine only. Preloaded with `node -r`.
const net = require("node:net");

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (first, ...rest) {
  if (typeof first === "number" && typeof rest[0] !== "string") return listen.call(this, first, "127.0.0.1", ...rest);
  if (first !== null && typeof first === "object" && "port" in first) first = { ...first, host: "127.0.0.1" };
  return listen.call(this, first, ...rest);
};
