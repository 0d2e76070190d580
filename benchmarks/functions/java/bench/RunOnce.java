package bench;

import java.util.HashMap;
import java.util.Map;

/**
 * One invocation in one process: the event on standard input, the answer on standard output. Reads and writes flat
 * objects of plain texts and nothing else, because loading a JSON library would take longer than the JVM's start.
 */
public class RunOnce {
    public static void main(String[] arguments) throws Exception {
        String[] texts = new String(System.in.readAllBytes()).split("\"");
        Map<String, Object> event = new HashMap<>();
        for (int i = 1; i + 2 < texts.length; i += 4) event.put(texts[i], texts[i + 2]);
        StringBuilder answer = new StringBuilder();
        for (Map.Entry<String, Object> member : new Hello().handle(event).entrySet()) {
            answer.append(answer.length() == 0 ? '{' : ',');
            answer.append('"').append(member.getKey()).append("\":\"").append(member.getValue()).append('"');
        }
        System.out.print(answer.append('}'));
    }
}
