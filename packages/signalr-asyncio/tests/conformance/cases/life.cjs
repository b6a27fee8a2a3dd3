"use strict";

const { assert, failure, later, signalR } = require("../harness.cjs");

const WEB_SOCKETS = ["WebSockets"];

module.exports = [
  {
    name: "a stopped connection starts again as the same object",
    async run(bench) {
      const connection = await bench.open();
      const first = await connection.invoke("ConnectionId");
      for (let round = 0; round < 3; round++) {
        await connection.stop();
        assert.equal(connection.state, "Disconnected");
        await connection.start();
        assert.equal(await connection.invoke("Add", round, 1), round + 1);
      }
      assert.notEqual(await connection.invoke("ConnectionId"), first);
    },
  },
  {
    name: "stopping tells the hub, and calls that wait fail",
    async run(bench) {
      const connection = await bench.open();
      const id = await connection.invoke("ConnectionId");
      const waiting = failure(connection.invoke("UntilGone"));
      await connection.stop();
      assert.match(await waiting, /connection being closed/);
      const gone = await bench.until("disconnected", { id }, (answer) => answer.gone);
      assert.equal(gone.error, null);
    },
  },
  {
    name: "everything that was sent before stopping is dispatched",
    async run(bench) {
      const connection = await bench.open();
      const key = `before-stop-${connection.connectionId}`;
      for (let number = 0; number < 5; number++) await connection.send("Save", key, number, 20);
      await connection.stop();
      assert.deepEqual(await bench.until("saved", { key }, (numbers) => numbers.length >= 5), [0, 1, 2, 3, 4]);
    },
  },
  {
    name: "a raw connection carries what is sent, back and forth",
    async run(bench) {
      const { HttpConnection } = require("@microsoft/signalr/dist/cjs/HttpConnection");
      const connection = new HttpConnection(`${bench.url}/raw`, { transport: bench.transport, logger: { log() {} } });
      const received = later();
      const closed = later();
      connection.onreceive = received.resolve;
      connection.onclose = closed.resolve;
      await connection.start(signalR.TransferFormat ? signalR.TransferFormat.Text : 1);
      await connection.send("hello");
      assert.equal(await received.promise, "HELLO");
      await connection.stop();
      assert.equal(await closed.promise, undefined);
    },
  },
  {
    name: "a connection that the server ends is closed without an error",
    async run(bench) {
      const connection = await bench.open();
      const closed = new Promise((resolve) => connection.onclose(resolve));
      await connection.invoke("EndMe").catch(() => {});
      assert.equal(await closed, undefined);
    },
  },
  {
    name: "a connection that is cut reconnects with a new id and works",
    async run(bench) {
      const proxy = await bench.proxy();
      const connection = await bench.open("/hubs/open", { base: proxy.url, reconnect: [0, 20, 50, 100] });
      const states = [];
      const back = later();
      connection.onreconnecting(() => states.push("reconnecting"));
      connection.onreconnected((id) => {
        states.push("reconnected");
        back.resolve(id);
      });
      const first = connection.connectionId;
      await proxy.cut();
      const second = await back.promise;
      assert.notEqual(second, first);
      assert.equal(await connection.invoke("Add", 1, 2), 3);
      assert.deepEqual(states, ["reconnecting", "reconnected"]);
    },
  },
  {
    name: "a server that is away for a while is found again",
    async run(bench) {
      const proxy = await bench.proxy();
      const connection = await bench.open("/hubs/open", { base: proxy.url, reconnect: [0, 20, 40, 80, 200, 400, 800, 1_600, 3_200, 6_400, 12_800] });
      const back = later();
      connection.onreconnected(back.resolve);
      await proxy.refuse();
      await proxy.cut();
      setTimeout(() => proxy.serve(), 100);
      await back.promise;
      assert.equal(await connection.invoke("Add", 1, 2), 3);
    },
  },
  {
    name: "a server that stops sends its clients to its successor",
    async run(bench) {
      const proxy = await bench.proxy({ own: true });
      const connection = await bench.open("/hubs/open", { base: proxy.url, reconnect: [0, 20, 50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800] });
      const states = [];
      const back = later();
      connection.onreconnecting((error) => states.push(error === undefined ? "sent away" : String(error)));
      connection.onreconnected(back.resolve);
      assert.equal(await connection.invoke("Add", 1, 2), 3);
      await proxy.restart();
      await back.promise;
      assert.equal(await connection.invoke("Add", 3, 4), 7);
      assert.deepEqual(states, ["sent away"]);
    },
  },
  {
    name: "a silent server is noticed by the client",
    transports: ["WebSockets", "ServerSentEvents"],
    async run(bench) {
      const connection = await bench.open();
      connection.serverTimeoutInMilliseconds = 200;
      const closed = new Promise((resolve) => connection.onclose(resolve));
      await connection.invoke("Nothing");
      assert.match((await closed).message, /Server timeout elapsed without receiving a message from the server/);
    },
  },
  {
    name: "pings of the server keep a quiet connection alive",
    transports: ["WebSockets", "ServerSentEvents"],
    async run(bench) {
      const connection = await bench.open("/hubs/hasty");
      connection.serverTimeoutInMilliseconds = 2_000;
      connection.keepAliveIntervalInMilliseconds = 100;
      await connection.invoke("Nothing");
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      assert.equal(await connection.invoke("Add", 1, 2), 3);
    },
  },
  {
    name: "a silent client is noticed by the server",
    transports: ["WebSockets", "ServerSentEvents"],
    async run(bench) {
      const connection = bench.build("/hubs/hasty");
      connection.keepAliveIntervalInMilliseconds = 60_000;
      const closed = new Promise((resolve) => connection.onclose(resolve));
      await connection.start();
      const id = connection.connectionId;
      await closed;
      const gone = await bench.until("disconnected", { id }, (answer) => answer.gone);
      assert.match(gone.error, /ClientTimeoutInterval/);
    },
  },
  {
    name: "a client that is waiting between messages is not thrown out of long polling",
    transports: ["LongPolling"],
    async run(bench) {
      const connection = await bench.open("/hubs/hasty");
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      assert.equal(await connection.invoke("Add", 1, 2), 3);
    },
  },
  {
    name: "stopping long polling deletes the connection",
    transports: ["LongPolling"],
    async run(bench) {
      const connection = await bench.open();
      const id = connection.connectionId;
      await connection.stop();
      const requests = await bench.control("requests", { id });
      const deletes = requests.filter((request) => request.method === "DELETE").map((request) => request.status);
      // The client's Close message goes first and may already have ended the connection.
      assert.ok(deletes.length === 1 && [202, 404].includes(deletes[0]), `answered ${deletes}`);
      await bench.until("disconnected", { id }, (answer) => answer.gone);
    },
  },
  {
    name: "negotiation is skipped",
    transports: WEB_SOCKETS,
    async run(bench) {
      const connection = await bench.open("/hubs/open", { skipNegotiation: true });
      assert.equal(await connection.invoke("Add", 1, 2), 3);
      await connection.stop();
      await connection.start();
      assert.equal(await connection.invoke("Add", 1, 2), 3);
    },
  },
  {
    name: "a redirect of the negotiation is followed with its token",
    async run(bench) {
      const connection = await bench.open("/redirect");
      assert.equal(await connection.invoke("User"), "redirected");
    },
  },
  {
    name: "the client uses what the hub offers",
    async run(bench) {
      const paths = { WebSockets: "/hubs/websockets", ServerSentEvents: "/hubs/events", LongPolling: "/hubs/polling" };
      const everything = signalR.HttpTransportType.WebSockets | signalR.HttpTransportType.ServerSentEvents | signalR.HttpTransportType.LongPolling;
      const connection = await bench.open(paths[bench.settings.transport], { transport: everything });
      assert.equal(await connection.invoke("Transport"), bench.settings.transport);
    },
  },
  {
    name: "a transport that the hub does not offer is refused",
    async run(bench) {
      const path = bench.settings.transport === "WebSockets" ? "/hubs/polling" : "/hubs/websockets";
      assert.match(await failure(bench.open(path)), /Unable to connect to the server with any of the available transports/);
    },
  },
  {
    name: "a client whose WebSockets fail falls back",
    transports: ["ServerSentEvents", "LongPolling"],
    async run(bench) {
      class Broken {
        constructor() {
          setTimeout(() => this.onclose && this.onclose({ code: 1006 }), 0);
        }
        close() {}
      }
      const options = { WebSocket: Broken, transport: signalR.HttpTransportType.WebSockets | bench.transport };
      const connection = await bench.open("/hubs/open", options);
      assert.equal(await connection.invoke("Transport"), bench.settings.transport);
    },
  },
  {
    name: "server-sent events carry no MessagePack, and the client looks further",
    transports: ["ServerSentEvents"],
    async run(bench) {
      assert.match(await failure(bench.open("/hubs/open", { packed: true })), /does not support Binary/);
      const either = signalR.HttpTransportType.ServerSentEvents | signalR.HttpTransportType.LongPolling;
      const connection = await bench.open("/hubs/open", { packed: true, transport: either });
      assert.equal(await connection.invoke("Transport"), "LongPolling");
    },
  },
  {
    name: "an unknown hub is not found",
    async run(bench) {
      assert.match(await failure(bench.open("/hubs/none")), /404/);
    },
  },
];
