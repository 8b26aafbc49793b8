package millrace.kcl;

import java.util.HashMap;
import java.util.Map;

/** The command line of a worker: pairs of --name value. */
record Setup(
    String application,
    String stream,
    String mode,
    String worker,
    String endpoint,
    String leases,
    String out) {

  static Setup parse(String[] args) {
    Map<String, String> given = new HashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      given.put(args[i], args[i + 1]);
    }
    return new Setup(
        need(given, "--application"),
        need(given, "--stream"),
        need(given, "--mode"),
        need(given, "--worker"),
        need(given, "--endpoint"),
        need(given, "--leases"),
        need(given, "--out"));
  }

  private static String need(Map<String, String> given, String name) {
    String value = given.get(name);
    if (value == null) {
      throw new IllegalArgumentException("missing " + name);
    }
    return value;
  }
}
