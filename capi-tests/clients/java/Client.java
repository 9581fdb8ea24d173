// A client in Java, through jzmq: `alone FOLDER`, `server`, or `client ENDPOINT`. See ../README.md.

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import org.zeromq.ZMQ;

public final class Client {
    private static final ZMQ.Context CONTEXT = ZMQ.context(1);

    private static void check(String what, boolean holds) {
        if (!holds) {
            throw new IllegalStateException(what + " failed");
        }
    }

    private static ZMQ.Socket socket(int type) {
        ZMQ.Socket socket = CONTEXT.socket(type);
        socket.setLinger(10_000);
        socket.setReceiveTimeOut(10_000);
        return socket;
    }

    private static void send(ZMQ.Socket socket, List<byte[]> parts) {
        for (int at = 0; at < parts.size(); at++) {
            boolean more = at + 1 < parts.size();
            check("send", socket.send(parts.get(at), more ? ZMQ.SNDMORE : 0));
        }
    }

    private static List<byte[]> receive(ZMQ.Socket socket) {
        List<byte[]> parts = new ArrayList<>();
        do {
            byte[] part = socket.recv(0);
            check("receive", part != null);
            parts.add(part);
        } while (socket.hasReceiveMore());
        return parts;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static boolean same(List<byte[]> found, byte[]... due) {
        return Arrays.deepEquals(found.toArray(), due);
    }

    private static void server() {
        ZMQ.Socket socket = socket(ZMQ.REP);
        int port = socket.bindToRandomPort("tcp://127.0.0.1");
        System.out.println("endpoint tcp://127.0.0.1:" + port);
        while (true) {
            List<byte[]> parts = receive(socket);
            boolean end = same(parts, bytes("end"));
            Collections.reverse(parts);
            send(socket, parts);
            if (end) {
                break;
            }
        }
        socket.close();
    }

    private static void client(String endpoint) {
        ZMQ.Socket socket = socket(ZMQ.REQ);
        socket.connect(endpoint);
        for (int number = 0; number < 100; number++) {
            byte[] body = new byte[number * 97];
            Arrays.fill(body, (byte) number);
            byte[] text = bytes("" + number);
            send(socket, Arrays.asList(text, bytes("java"), body));
            check("reply " + number, same(receive(socket), body, bytes("java"), text));
        }
        socket.send("end");
        check("the end", same(receive(socket), bytes("end")));
        socket.close();
    }

    private static void alone(String folder) {
        ZMQ.Socket pull = socket(ZMQ.PULL);
        ZMQ.Socket push = socket(ZMQ.PUSH);
        pull.bind("ipc://" + folder + "/java");
        push.connect("ipc://" + folder + "/java");
        byte[] body = new byte[1_000_000];
        send(push, Arrays.asList(bytes("first"), body, new byte[0]));
        check("three parts over ipc", same(receive(pull), bytes("first"), body, new byte[0]));

        ZMQ.Socket pub = socket(ZMQ.PUB);
        ZMQ.Socket sub = socket(ZMQ.SUB);
        pub.bind("inproc://news");
        sub.connect("inproc://news");
        sub.subscribe(bytes("a"));
        for (String text : new String[] {"b1", "a1", "b2", "a2"}) {
            pub.send(text);
        }
        check("topics", (sub.recvStr() + sub.recvStr()).equals("a1a2"));
        check("nothing more to receive", sub.recv(ZMQ.DONTWAIT) == null);

        ZMQ.Poller poller = new ZMQ.Poller(2);
        poller.register(pull, ZMQ.Poller.POLLIN);
        poller.register(sub, ZMQ.Poller.POLLIN);
        push.send("wake");
        check("poll", poller.poll(10_000) == 1 && poller.pollin(0) && !poller.pollin(1));
        for (ZMQ.Socket socket : new ZMQ.Socket[] {pull, push, pub, sub}) {
            socket.close();
        }
    }

    public static void main(String[] args) throws IOException {
        switch (args[0]) {
            case "server":
                server();
                break;
            case "client":
                client(args[1]);
                break;
            default:
                alone(args[1]);
        }
        CONTEXT.term();
        System.out.println("version " + ZMQ.getVersionString());
        TreeSet<String> files = new TreeSet<>();
        for (String line : Files.readAllLines(Paths.get("/proc/self/maps"))) {
            int at = line.indexOf('/');
            if (at >= 0 && line.contains("/libzmq")) {
                files.add(line.substring(at));
            }
        }
        for (String file : files) {
            System.out.println("library " + file);
        }
        System.out.println("done");
    }
}
